# Caddy with our Caddyfile in it, and a place of its own for what it keeps: its image runs as root, and we do not. The
# context is ops/server/.
ARG BASE_IMAGE
FROM scratch AS owned
WORKDIR /kept/data
WORKDIR /kept/config

FROM ${BASE_IMAGE}
COPY Caddyfile /etc/caddy/Caddyfile
COPY --from=owned --chown=65532:65532 /kept /kept
