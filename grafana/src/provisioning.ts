/** Where Grafana finds Prometheus and the dashboards. */
import { DASHBOARDS_PATH, DATASOURCE_UID, FOLDER, PROMETHEUS_URL, SCRAPE_INTERVAL } from './names.ts'
import type { Yaml } from './yaml.ts'

export const DATASOURCES: { [key: string]: Yaml } = {
  apiVersion: 1,
  datasources: [
    {
      name: 'Intent Bus',
      uid: DATASOURCE_UID,
      type: 'prometheus',
      access: 'proxy',
      orgId: 1,
      url: PROMETHEUS_URL,
      isDefault: true,
      editable: false,
      jsonData: { httpMethod: 'POST', timeInterval: SCRAPE_INTERVAL },
    },
  ],
}

export const DASHBOARD_PROVIDERS: { [key: string]: Yaml } = {
  apiVersion: 1,
  providers: [
    {
      name: 'intent-bus',
      orgId: 1,
      folder: FOLDER,
      type: 'file',
      disableDeletion: true,
      allowUiUpdates: false,
      options: { path: DASHBOARDS_PATH },
    },
  ],
}
