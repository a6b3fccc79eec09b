# Another's image with our configuration in it, so that it needs no file of the host. The context is the configuration.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY . /config/
