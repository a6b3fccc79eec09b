/** Every file that is made from this folder. `npm run grafana` writes them; a test holds them to it. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ALERTS } from './alerts/all.ts'
import { host } from './dashboards/host.ts'
import { overview } from './dashboards/overview.ts'
import { work } from './dashboards/work.ts'
import { CONTACT_POINTS, grafanaRules, grafanaRulesGone } from './grafana-alerting.ts'
import { prometheusRules } from './prometheus-rules.ts'
import { DASHBOARD_PROVIDERS, DATASOURCES } from './provisioning.ts'
import { pageOf } from './runbooks.ts'
import { type Yaml, yamlFile } from './yaml.ts'

const MADE = 'Made by `npm run grafana` from grafana/src: change it there.'

/** What each YAML file says. Paths are those in the repository. */
export const YAML_FILES: Record<string, { comment: string[]; value: { [key: string]: Yaml } }> = {
  'ops/prometheus/rules/intent-bus.yml': {
    comment: [
      MADE,
      'docs/monitoring.md says what each alert means; ops/prometheus/rules/test holds when they fire.',
    ],
    value: prometheusRules(),
  },
  'grafana/provisioning/datasources/intent-bus.yaml': { comment: [MADE], value: DATASOURCES },
  'grafana/provisioning/dashboards/intent-bus.yaml': { comment: [MADE], value: DASHBOARD_PROVIDERS },
  'grafana/provisioning/alerting/rules.yaml': {
    comment: [
      MADE,
      'This is the path that notifies. To let Alertmanager do it, see docs/monitoring.md: not both.',
    ],
    value: grafanaRules(),
  },
  'grafana/provisioning/alerting/contact-point.yaml': {
    comment: [
      MADE,
      'NTFY_URL is the address of a topic, such as https://ntfy.sh/a-name-that-nobody-guesses. Whoever knows it can read it.',
      'For another way, put a file of grafana/examples here instead.',
    ],
    value: CONTACT_POINTS.ntfy,
  },
  'grafana/examples/contact-point-email.yaml': {
    comment: [
      MADE,
      'Needs ALERT_EMAIL (addresses, with ; between them), and GF_SMTP_ENABLED, GF_SMTP_HOST and so on.',
    ],
    value: CONTACT_POINTS['e-mail'],
  },
  'grafana/examples/contact-point-slack.yaml': {
    comment: [MADE, 'Needs SLACK_WEBHOOK_URL, the address of an incoming webhook.'],
    value: CONTACT_POINTS.slack,
  },
  'grafana/examples/contact-point-telegram.yaml': {
    comment: [MADE, 'Needs TELEGRAM_BOT_TOKEN, and TELEGRAM_CHAT_ID: where the bot has been written to.'],
    value: CONTACT_POINTS.telegram,
  },
  'grafana/examples/no-grafana-alerts.yaml': {
    comment: [MADE, 'Instead of rules.yaml and contact-point.yaml, where Alertmanager notifies.'],
    value: grafanaRulesGone(),
  },
}

export const DASHBOARDS = {
  'grafana/dashboards/overview.json': overview,
  'grafana/dashboards/work.json': work,
  'grafana/dashboards/host.json': host,
}

export const MONITORING = 'docs/monitoring.md'

export const pathOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** @returns the text of each made file, by its path in the repository */
export function madeFiles(): Map<string, string> {
  const files = new Map<string, string>()
  for (const [path, make] of Object.entries(DASHBOARDS))
    files.set(path, `${JSON.stringify(make(), null, 2)}\n`)
  for (const [path, { comment, value }] of Object.entries(YAML_FILES)) {
    files.set(path, yamlFile(comment, value))
  }
  files.set(MONITORING, withAlerts(readFileSync(pathOf(MONITORING), 'utf8')))
  return files
}

const BEGIN = '<!-- alerts: made by grafana/src/made-files.ts -->'
const END = '<!-- alerts: end -->'

function withAlerts(page: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (from === -1 || to < from) throw new Error(`${MONITORING} lacks the markers of the table of alerts`)
  return `${page.slice(0, from + BEGIN.length)}\n${alertsTable()}\n${page.slice(to)}`
}

function alertsTable(): string {
  const rows = ALERTS.map(({ name, severity, when, summary, as, runbook }) => {
    const said = summary.replace('{value}', PLACEHOLDERS[as])
    return `| \`${name}\` | ${severity} | ${said} | ${sentence(when)} | ${linkFromDocs(pageOf(runbook))} |`
  })
  return [
    '| Alert | | What it says | When it fires | What to do |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

const PLACEHOLDERS = { duration: '*so long*', percent: '*n* %', bytes: '*n* Mi', count: '*n*' }

const sentence = (text: string): string => text[0]!.toUpperCase() + text.slice(1)

/** A page that is not written yet is only named. */
function linkFromDocs(page: string): string {
  const [file, part] = page.split('#')
  if (`docs/${file}` === MONITORING) return `[${words(part!)}](#${part})`
  const name = words(file!.slice(file!.lastIndexOf('/') + 1).replace('.md', ''))
  return existsSync(pathOf(`docs/${file}`)) ? `[${name}](${page})` : `\`docs/${page}\``
}

const words = (slug: string): string => sentence(slug.replaceAll('-', ' '))
