/** Names by which the files of Grafana refer to each other. */
export const DATASOURCE_UID = 'intent-bus-prometheus'
export const FOLDER = 'Intent Bus'
export const CONTACT_POINT = 'Intent Bus'
/** Where the container of Grafana finds what is in grafana/dashboards. */
export const DASHBOARDS_PATH = '/var/lib/grafana/dashboards/intent-bus'
/** Where Grafana finds Prometheus. */
export const PROMETHEUS_URL = 'http://prometheus:9090'
/** As in ops/prometheus/prometheus.yml: `$__rate_interval` is at least four of it. */
export const SCRAPE_INTERVAL = '15s'
