/** Keys of the target `render` alone. */
import { choice, pattern } from '../../service/config/kinds.ts'
import { PLANS, REGIONS } from '../render/service-inputs.ts'
import { gigabytesOfDisk } from './cloud-kinds.ts'
import { key, secretKey } from './key.ts'

const render = (example: string) => ({ targets: ['render'] as const, example })

export const RENDER_KEYS = {
  renderApiKey: secretKey({
    pattern: /^rnd_\w{8,}$/,
    takes: 'an API key of Render, which begins with rnd_',
    meaning: 'The key for its API, from Account Settings.',
    defaultText: '`RENDER_API_KEY` in the environment',
    targets: ['render'],
  }),
  workspace: key(
    pattern({
      default: '',
      defaultText: 'none',
      pattern: /^(?:tea|usr|own)-\w+$/,
      takes: "a workspace's id, `tea-…` or `usr-…`",
      meaning: 'The workspace that pays: the address of its Settings page has the id.',
    }),
    { ...render('tea-d0a1b2c3'), neededBy: ['render'] },
  ),
  region: key(
    choice({
      of: REGIONS,
      default: 'oregon',
      meaning: 'Where it runs. It cannot change while there is a disk.',
    }),
    render('frankfurt'),
  ),
  plan: key(
    choice({
      of: PLANS.filter(plan => plan !== 'free'),
      default: 'starter',
      meaning: "Render's instance type. The free one has no disk, so it is not offered here.",
    }),
    render('standard'),
  ),
  diskSize: key(
    gigabytesOfDisk({ default: 1, meaning: 'Gigabytes for the data. It can grow, and not shrink.' }),
    render('5'),
  ),
  repo: key(
    pattern({
      default: '',
      defaultText: '`image` is pulled',
      pattern: /^https:\/\/[\w.-]+\/[\w./-]+$/,
      takes: 'the https:// address of a repository',
      meaning: 'Your repository with the bus, which Render builds. It has to be allowed to read it.',
    }),
    render('https://github.com/you/intent-bus'),
  ),
  branch: key(
    pattern({
      default: '',
      defaultText: "the repository's own",
      pattern: /^[\w./-]{1,255}$/,
      takes: 'the name of a branch',
      meaning: 'Which branch of it.',
    }),
    render('main'),
  ),
  commit: key(
    pattern({
      default: '',
      defaultText: 'the newest of the branch',
      pattern: /^[\da-f]{40}$/,
      takes: '40 hex digits',
      meaning: 'Which commit of it. Another one is an upgrade.',
    }),
    render('0123456789abcdef0123456789abcdef01234567'),
  ),
  registryCredential: key(
    pattern({
      default: '',
      defaultText: 'none: a public registry',
      pattern: /^rgc-\w+$/,
      takes: 'the id of a registry credential, `rgc-…`',
      meaning: 'What opens the registry of `image`, from Account Settings.',
    }),
    render('rgc-d0a1b2c3'),
  ),
} as const
