/** The alerts as rules of Grafana, and who is told: grafana/provisioning/alerting. */
import {
  NotificationSettingsBuilder,
  QueryBuilder,
  type Rule,
  RuleBuilder,
} from '@grafana/grafana-foundation-sdk/alerting'
import { TypeThresholdBuilder } from '@grafana/grafana-foundation-sdk/expr'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { type Alert, SAYINGS } from './alerts/alert.ts'
import { ALERTS, GROUPS } from './alerts/all.ts'
import { CONTACT_POINT, DATASOURCE_UID, FOLDER } from './names.ts'
import { linkTo } from './runbooks.ts'
import type { Yaml } from './yaml.ts'

/** Any `for` is a multiple of it, or Grafana rounds it up. */
const EVALUATED_EVERY = '30s'
const EXPRESSION = { type: '__expr__', uid: '__expr__' }

export function grafanaRules(): { [key: string]: Yaml } {
  return {
    apiVersion: 1,
    groups: GROUPS.map(({ name, alerts }) => ({
      orgId: 1,
      name,
      folder: FOLDER,
      interval: EVALUATED_EVERY,
      rules: alerts.map(alert => inFile(ruleOf(alert, name))),
    })),
  }
}

/** Takes the rules out of a Grafana that has had them: it keeps those of a file that is gone. */
export function grafanaRulesGone(): { [key: string]: Yaml } {
  return { apiVersion: 1, deleteRules: ALERTS.map(({ name }) => ({ orgId: 1, uid: uidOf(name) })) }
}

/** `IntentBusDown` → `intent-bus-down`. */
const uidOf = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()

function ruleOf(alert: Alert, group: string): Rule {
  const { name, fires } = alert
  const query = new DataqueryBuilder()
    .datasource({ type: 'prometheus', uid: DATASOURCE_UID })
    .expr(alert.value)
    .instant()
    .refId('A')
  const limit = new TypeThresholdBuilder()
    .datasource(EXPRESSION)
    .expression('A')
    .conditions([
      {
        evaluator:
          'above' in fires ? { type: 'gt', params: [fires.above] } : { type: 'lt', params: [fires.below] },
      },
    ])
    .refId('B')
  return new RuleBuilder(name)
    .uid(uidOf(name))
    .ruleGroup(group)
    .folderUID(FOLDER)
    .orgID(1)
    .withQuery(
      new QueryBuilder('A')
        .datasourceUid(DATASOURCE_UID)
        .relativeTimeRange({ from: 600, to: 0 })
        .model(query),
    )
    .withQuery(
      new QueryBuilder('B').datasourceUid('__expr__').relativeTimeRange({ from: 0, to: 0 }).model(limit),
    )
    .condition('B')
    .forDuration(alert.for)
    .noDataState(alert.whenUnseen === 'fires' ? 'Alerting' : 'OK')
    .execErrState(alert.whenUnseen === 'fires' ? 'Alerting' : 'KeepLast')
    .labels({ severity: alert.severity })
    .annotations({
      // Without `$`, which a provisioning file would take for a variable of the environment.
      summary: alert.summary.replace('{value}', `{{ .Values.A.Value | ${SAYINGS[alert.as]} }}`),
      description: alert.description,
      runbook_url: linkTo(alert.runbook),
    })
    .notificationSettings(
      // Straight to the contact point: a policy file would replace the tree of the whole organisation.
      new NotificationSettingsBuilder()
        .receiver(CONTACT_POINT)
        .groupBy(['grafana_folder', 'alertname'])
        .groupWait('10s')
        .groupInterval('1m')
        .repeatInterval('12h'),
    )
    .build()
}

/** The SDK speaks the HTTP API's dialect; in a file the group says where its rules belong. */
function inFile(rule: Rule): Yaml {
  const { orgID: _org, folderUID: _folder, ruleGroup: _group, ...own } = rule
  // Built objects hold functions, which JSON leaves out.
  return JSON.parse(JSON.stringify(own))
}

type Receiver = { type: string; settings: { [key: string]: Yaml } }

/** All have one uid: another file in the place of the first changes who is told, and adds nobody. */
const contactPoint = (receiver: Receiver): { [key: string]: Yaml } => ({
  apiVersion: 1,
  contactPoints: [{ orgId: 1, name: CONTACT_POINT, receivers: [{ uid: 'intent-bus-contact', ...receiver }] }],
})

/** Each takes its secrets from Grafana's environment. */
export const CONTACT_POINTS = {
  ntfy: contactPoint({
    type: 'webhook',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in.
    settings: { url: '${NTFY_URL}?template=grafana', httpMethod: 'POST' },
  }),
  'e-mail': contactPoint({
    type: 'email',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in.
    settings: { addresses: '${ALERT_EMAIL}', singleEmail: true },
  }),
  slack: contactPoint({
    type: 'slack',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in.
    settings: { url: '${SLACK_WEBHOOK_URL}' },
  }),
  telegram: contactPoint({
    type: 'telegram',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in.
    settings: { bottoken: '${TELEGRAM_BOT_TOKEN}', chatid: '${TELEGRAM_CHAT_ID}' },
  }),
} as const
