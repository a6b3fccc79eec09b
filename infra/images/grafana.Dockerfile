# Grafana with our datasource, alerts and dashboards in it. The context is grafana/.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY provisioning /etc/grafana/provisioning
COPY dashboards /var/lib/grafana/dashboards/intent-bus
