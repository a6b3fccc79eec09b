/** The alerts as rules of Prometheus: ops/prometheus/rules/intent-bus.yml. */
import { type Alert, SAYINGS } from './alerts/alert.ts'
import { GROUPS } from './alerts/all.ts'
import { linkTo } from './runbooks.ts'
import type { Yaml } from './yaml.ts'

export function prometheusRules(): { [key: string]: Yaml } {
  return {
    groups: GROUPS.map(({ name, alerts }) => ({ name, rules: alerts.map(ruleOf) })),
  }
}

function ruleOf(alert: Alert): Yaml {
  return {
    alert: alert.name,
    expr: expressionOf(alert),
    for: alert.for,
    labels: { severity: alert.severity },
    annotations: {
      summary: alert.summary.replace('{value}', `{{ .Value | ${SAYINGS[alert.as]} }}`),
      description: alert.description,
      runbook_url: linkTo(alert.runbook),
    },
  }
}

/** The limit stands last, on a line of its own. */
function expressionOf({ value, fires }: Alert): string {
  const indentedValue = value.replace(/^/gm, '  ')
  const limit = 'above' in fires ? `> ${fires.above}` : `< ${fires.below}`
  return `(\n${indentedValue}\n) ${limit}`
}
