/** `intent-bus-phone doctor`: the phone first, then what `intent-bus doctor --server` looks at on any machine. */
import { report } from '../../../clients/cli/src/doctor/finding.ts'
import { examineHost } from '../../../clients/cli/src/host/examine.ts'
import { Output } from '../../../clients/cli/src/output.ts'
import { phoneFindings } from './findings.ts'
import { readPhone } from './readings.ts'

const { HOME, PREFIX } = process.env
if (HOME === undefined || PREFIX === undefined)
  throw new Error('HOME and PREFIX are not set: this is for Termux')
const output = new Output({ json: process.argv.includes('--json') ? true : undefined })
report(output, [...phoneFindings(readPhone(HOME, PREFIX)), ...(await examineHost(undefined))])
