# The bus in an image: Node, what the bus needs to run, and nothing else, not even a shell. docs/docker.md says how to use it.
#
# Both bases take a digest (NAME@sha256:…). The first one builds and is not in the result.
ARG BUILD_IMAGE=node:24-trixie-slim
ARG BASE_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY service/package.json service/
COPY clients/typescript/package.json clients/typescript/
COPY clients/cli/package.json clients/cli/
# No package's own script is run: none of those that the bus needs at run time has one that it depends on.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY . .
RUN node ops/image/slim.js

FROM ${BASE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG BASE_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot
LABEL org.opencontainers.image.title="Intent Bus" \
      org.opencontainers.image.description="A small, durable job bus over plain HTTP" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"

# A number, so that an orchestrator can see that it is not root. Another one suits a directory that is somebody else's.
ARG RUN_AS=65532
COPY --from=build /app /app
COPY --from=build /app/ops/image/intent-bus /usr/local/bin/intent-bus
COPY --from=build --chown=${RUN_AS}:${RUN_AS} /app/ops/image/owned/cache /app/node_modules/.cache
COPY --from=build --chown=${RUN_AS}:${RUN_AS} /app/ops/image/owned/volumes /
WORKDIR /app
USER ${RUN_AS}:${RUN_AS}
# What a first start strips and compiles is kept in the image: a container starts in less time and memory.
RUN ["/nodejs/bin/node", "ops/image/warm.js"]

ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080 \
    BUS_DB_PATH=/data/bus.db
EXPOSE 8080
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["/nodejs/bin/node", "/app/ops/image/health.js"]
ENTRYPOINT ["/nodejs/bin/node"]
CMD ["--disable-sigusr1", "/app/service/launch.js"]
