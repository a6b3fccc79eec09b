/**
 * The keys that Grafana knows in its files, from the documentation of file provisioning and of each contact point. It
 * ignores a key that it does not know: a slip would go unnoticed.
 */
export type Shape =
  | 'string'
  | 'number'
  | 'boolean'
  | 'duration'
  | 'any'
  | { list: Shape }
  | { map: Shape }
  | { keys: Record<string, Shape>; needed: string[] }

export const object = (keys: Record<string, Shape>, ...needed: string[]): Shape => ({ keys, needed })

/** A query as the editor of Prometheus saves it. */
const prometheusQuery = object(
  {
    refId: 'string',
    expr: 'string',
    instant: 'boolean',
    range: 'boolean',
    datasource: object({ type: 'string', uid: 'string' }, 'type', 'uid'),
    intervalMs: 'number',
    maxDataPoints: 'number',
    editorMode: 'string',
    legendFormat: 'string',
  },
  'refId',
  'expr',
)

const thresholdExpression = object(
  {
    refId: 'string',
    type: 'string',
    expression: 'string',
    datasource: object({ type: 'string', uid: 'string' }, 'type', 'uid'),
    conditions: {
      list: object(
        { evaluator: object({ type: 'string', params: { list: 'number' } }, 'type', 'params') },
        'evaluator',
      ),
    },
  },
  'refId',
  'type',
  'expression',
  'conditions',
)

const query = (model: Shape) =>
  object(
    {
      refId: 'string',
      queryType: 'string',
      relativeTimeRange: object({ from: 'number', to: 'number' }, 'from', 'to'),
      datasourceUid: 'string',
      model,
    },
    'refId',
    'relativeTimeRange',
    'datasourceUid',
    'model',
  )

export const QUERY_A = query(prometheusQuery)
export const QUERY_B = query(thresholdExpression)

const rule = object(
  {
    uid: 'string',
    title: 'string',
    condition: 'string',
    data: { list: 'any' },
    dashboardUid: 'string',
    panelId: 'number',
    noDataState: 'string',
    execErrState: 'string',
    for: 'duration',
    keepFiringFor: 'duration',
    missing_series_evals_to_resolve: 'number',
    annotations: { map: 'string' },
    labels: { map: 'string' },
    isPaused: 'boolean',
    notification_settings: object(
      {
        receiver: 'string',
        group_by: { list: 'string' },
        group_wait: 'duration',
        group_interval: 'duration',
        repeat_interval: 'duration',
        mute_time_intervals: { list: 'string' },
        active_time_intervals: { list: 'string' },
      },
      'receiver',
    ),
    record: 'any',
  },
  'uid',
  'title',
  'condition',
  'data',
  'for',
  'noDataState',
  'execErrState',
)

export const ALERTING_FILE = object(
  {
    apiVersion: 'number',
    groups: {
      list: object(
        { orgId: 'number', name: 'string', folder: 'string', interval: 'duration', rules: { list: rule } },
        'orgId',
        'name',
        'folder',
        'interval',
        'rules',
      ),
    },
    deleteRules: { list: object({ orgId: 'number', uid: 'string' }, 'uid') },
    contactPoints: {
      list: object(
        {
          orgId: 'number',
          name: 'string',
          receivers: {
            list: object(
              { uid: 'string', type: 'string', settings: 'any', disableResolveMessage: 'boolean' },
              'uid',
              'type',
              'settings',
            ),
          },
        },
        'name',
        'receivers',
      ),
    },
  },
  'apiVersion',
)

/** By the type of a receiver. */
export const SETTINGS: Record<string, Shape> = {
  webhook: object(
    {
      url: 'string',
      httpMethod: 'string',
      username: 'string',
      password: 'string',
      authorization_scheme: 'string',
      authorization_credentials: 'string',
      maxAlerts: 'number',
      title: 'string',
      message: 'string',
    },
    'url',
  ),
  email: object(
    { addresses: 'string', singleEmail: 'boolean', message: 'string', subject: 'string' },
    'addresses',
  ),
  slack: object(
    {
      url: 'string',
      recipient: 'string',
      token: 'string',
      username: 'string',
      title: 'string',
      text: 'string',
    },
    'url',
  ),
  telegram: object(
    {
      bottoken: 'string',
      chatid: 'string',
      message: 'string',
      parse_mode: 'string',
      message_thread_id: 'string',
    },
    'bottoken',
    'chatid',
  ),
}

export const DATASOURCES_FILE = object(
  {
    apiVersion: 'number',
    datasources: {
      list: object(
        {
          name: 'string',
          uid: 'string',
          type: 'string',
          access: 'string',
          orgId: 'number',
          url: 'string',
          isDefault: 'boolean',
          editable: 'boolean',
          version: 'number',
          basicAuth: 'boolean',
          basicAuthUser: 'string',
          withCredentials: 'boolean',
          jsonData: object({
            httpMethod: 'string',
            timeInterval: 'duration',
            queryTimeout: 'duration',
            manageAlerts: 'boolean',
            prometheusType: 'string',
            prometheusVersion: 'string',
          }),
          secureJsonData: { map: 'string' },
        },
        'name',
        'uid',
        'type',
        'access',
        'url',
      ),
    },
  },
  'apiVersion',
  'datasources',
)

export const DASHBOARDS_FILE = object(
  {
    apiVersion: 'number',
    providers: {
      list: object(
        {
          name: 'string',
          orgId: 'number',
          folder: 'string',
          folderUid: 'string',
          type: 'string',
          disableDeletion: 'boolean',
          updateIntervalSeconds: 'number',
          allowUiUpdates: 'boolean',
          options: object({ path: 'string', foldersFromFilesStructure: 'boolean' }, 'path'),
        },
        'name',
        'type',
        'options',
      ),
    },
  },
  'apiVersion',
  'providers',
)

/** @returns what is wrong, one line each; empty when it has the shape */
export function faults(value: unknown, shape: Shape, at = ''): string[] {
  if (shape === 'any') return []
  if (shape === 'duration') {
    return typeof value === 'string' && /^(\d+(ms|s|m|h|d))+$/.test(value) ? [] : [`${at}: not a duration`]
  }
  if (typeof shape === 'string') return typeof value === shape ? [] : [`${at}: not a ${shape}`]
  if ('list' in shape) {
    if (!Array.isArray(value)) return [`${at}: not a list`]
    return value.flatMap((item, i) => faults(item, shape.list, `${at}[${i}]`))
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at}: not a mapping`]
  const entries = Object.entries(value)
  if ('map' in shape) return entries.flatMap(([key, inner]) => faults(inner, shape.map, `${at}.${key}`))
  const missing = shape.needed.filter(key => !(key in value)).map(key => `${at}.${key}: missing`)
  const wrong = entries.flatMap(([key, inner]) => {
    const known = shape.keys[key]
    return known === undefined ? [`${at}.${key}: unknown`] : faults(inner, known, `${at}.${key}`)
  })
  return [...missing, ...wrong]
}
