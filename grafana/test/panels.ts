/** The panels as they lie in the made files. */
import { readFileSync } from 'node:fs'
import { DASHBOARDS, pathOf } from '../src/made-files.ts'

type Target = { refId: string; expr: string; legendFormat: string; datasource: { uid: string } }
type MadePanel = {
  id: number
  type: string
  title: string
  description: string
  datasource: { type: string; uid: string }
  gridPos: { x: number; y: number; w: number; h: number }
  links: { title: string; url: string }[]
  targets: Target[]
  fieldConfig: {
    defaults: { unit: string; thresholds: { mode: string; steps: { value: number | null; color: string }[] } }
  }
}
export type Variable = { name: string; type: string; query: string | { query: string } }
export type MadeDashboard = {
  uid: string
  title: string
  panels: MadePanel[]
  templating: { list: Variable[] }
}

export const dashboards: MadeDashboard[] = Object.keys(DASHBOARDS).map(path =>
  JSON.parse(readFileSync(pathOf(path), 'utf8')),
)

/** Rows left out. */
export const panels = dashboards.flatMap(({ uid, panels }) =>
  panels.filter(({ type }) => type !== 'row').map(panel => ({ on: uid, ...panel })),
)
