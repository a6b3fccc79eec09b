/** The keys of a dashboard's JSON that are in use here, from the documentation of its model. */
import { object, type Shape } from './file-formats.ts'

const reference = object({ type: 'string', uid: 'string' }, 'type', 'uid')

const link = object(
  {
    title: 'string',
    type: 'string',
    url: 'string',
    icon: 'string',
    tooltip: 'string',
    tags: { list: 'string' },
    asDropdown: 'boolean',
    targetBlank: 'boolean',
    includeVars: 'boolean',
    keepTime: 'boolean',
  },
  'title',
  'type',
)

const position = object({ x: 'number', y: 'number', w: 'number', h: 'number' }, 'x', 'y', 'w', 'h')

const ROW = object(
  {
    id: 'number',
    type: 'string',
    title: 'string',
    collapsed: 'boolean',
    gridPos: position,
    panels: { list: 'any' },
  },
  'id',
  'title',
  'gridPos',
  'panels',
)

const defaults = (custom: Record<string, Shape>) =>
  object(
    {
      unit: 'string',
      min: 'number',
      thresholds: object(
        { mode: 'string', steps: { list: object({ color: 'string', value: 'any' }, 'color', 'value') } },
        'mode',
        'steps',
      ),
      mappings: {
        list: object(
          { type: 'string', options: { map: object({ text: 'string', index: 'number' }, 'text') } },
          'type',
          'options',
        ),
      },
      custom: object(custom),
    },
    'unit',
    'thresholds',
  )

const panel = (options: Record<string, Shape>, custom: Record<string, Shape>) =>
  object(
    {
      id: 'number',
      type: 'string',
      title: 'string',
      description: 'string',
      transparent: 'boolean',
      repeatDirection: 'string',
      datasource: reference,
      gridPos: position,
      links: { list: link },
      targets: {
        list: object(
          {
            refId: 'string',
            expr: 'string',
            legendFormat: 'string',
            instant: 'boolean',
            range: 'boolean',
            datasource: reference,
          },
          'refId',
          'expr',
          'legendFormat',
          'range',
        ),
      },
      fieldConfig: object(
        { defaults: defaults(custom), overrides: { list: 'any' } },
        'defaults',
        'overrides',
      ),
      options: object(options, ...Object.keys(options)),
    },
    'id',
    'type',
    'title',
    'description',
    'datasource',
    'gridPos',
    'targets',
    'fieldConfig',
    'options',
  )

export const PANELS: Record<string, Shape> = {
  row: ROW,
  stat: panel(
    {
      colorMode: 'string',
      graphMode: 'string',
      justifyMode: 'string',
      orientation: 'string',
      percentChangeColorMode: 'string',
      reduceOptions: object({ calcs: { list: 'string' } }, 'calcs'),
      showPercentChange: 'boolean',
      textMode: 'string',
      wideLayout: 'boolean',
    },
    {},
  ),
  timeseries: panel(
    {
      legend: object(
        { showLegend: 'boolean', displayMode: 'string', placement: 'string', calcs: { list: 'string' } },
        'showLegend',
        'displayMode',
        'placement',
        'calcs',
      ),
      tooltip: object({ mode: 'string', sort: 'string' }, 'mode', 'sort'),
    },
    { lineWidth: 'number', fillOpacity: 'number', thresholdsStyle: object({ mode: 'string' }, 'mode') },
  ),
}

export const DASHBOARD = object(
  {
    uid: 'string',
    title: 'string',
    description: 'string',
    tags: { list: 'string' },
    timezone: 'string',
    editable: 'boolean',
    graphTooltip: 'number',
    fiscalYearStartMonth: 'number',
    refresh: 'string',
    schemaVersion: 'number',
    time: object({ from: 'string', to: 'string' }, 'from', 'to'),
    links: { list: link },
    annotations: object({ list: { list: 'any' } }, 'list'),
    templating: object(
      {
        list: {
          list: object(
            {
              name: 'string',
              type: 'string',
              label: 'string',
              query: 'any',
              definition: 'string',
              datasource: reference,
              current: object({ selected: 'boolean', text: 'any', value: 'any' }, 'text', 'value'),
              multi: 'boolean',
              includeAll: 'boolean',
              allValue: 'string',
              allowCustomValue: 'boolean',
              skipUrlSync: 'boolean',
              refresh: 'number',
              sort: 'number',
              auto: 'boolean',
              auto_min: 'string',
              auto_count: 'number',
            },
            'name',
            'type',
            'query',
          ),
        },
      },
      'list',
    ),
    panels: { list: 'any' },
  },
  'uid',
  'title',
  'schemaVersion',
  'panels',
  'templating',
  'time',
)
