/** Keys of the target `hetzner` alone. */
import { boolean, choice, integer, pattern } from '../../service/config/kinds.ts'
import { networks } from './cloud-kinds.ts'
import { key } from './key.ts'

const hetzner = (example: string) => ({ targets: ['hetzner'] as const, example })

export const HETZNER_KEYS = {
  location: key(
    choice({
      of: ['nbg1', 'fsn1', 'hel1', 'ash', 'hil', 'sin'],
      default: 'nbg1',
      meaning: "Hetzner's name of the place. It counts when the volume is made.",
    }),
    hetzner('hel1'),
  ),
  serverType: key(
    pattern({
      default: 'cx23',
      pattern: /^[a-z]{2,4}\d{1,3}$/,
      takes: "one of Hetzner's server types, as `cx23`",
      meaning: 'Cores and memory of the machine. Not every location has every type.',
    }),
    hetzner('cax11'),
  ),
  serverImage: key(
    pattern({
      default: 'debian-13',
      pattern: /^(?:debian|ubuntu)-\d{2}(?:\.\d{2})?$/,
      takes: 'a Debian or Ubuntu of Hetzner, as `debian-13`',
      meaning:
        'What is installed on the machine. Another one makes another machine, with the same volume: `pulumi up --refresh` comes after it.',
    }),
    hetzner('ubuntu-24.04'),
  ),
  volumeSize: key(
    integer({ default: 10, min: 10, max: 10240, meaning: 'Gigabytes for the data. It can grow.' }),
    hetzner('20'),
  ),
  volumeId: key(
    pattern({
      default: '',
      defaultText: 'a new volume',
      pattern: /^[1-9]\d{0,14}$/,
      takes: "Hetzner's number of a volume",
      meaning:
        'A volume from before, with its data: `pulumi stack output volumeId` said it. It has its size and its place, and is never deleted. Another one makes another machine: `pulumi up --refresh` comes after it.',
    }),
    hetzner('102030405'),
  ),
  sshKeyName: key(
    pattern({
      default: '',
      defaultText: 'the public half of `sshKey` is uploaded',
      pattern: /^\S(?:.{0,62}\S)?$/,
      takes: 'the name of an SSH key of the project at Hetzner',
      meaning: 'An SSH key that the project has already: Hetzner takes none twice.',
    }),
    hetzner('laptop'),
  ),
  sshFrom: key(
    networks({
      default: '',
      defaultText: 'everywhere',
      meaning: 'Networks that the firewall lets speak to SSH.',
    }),
    hetzner('203.0.113.0/24, 2001:db8::/32'),
  ),
  backups: key(
    boolean({
      default: false,
      meaning: "Hetzner's daily backups of the machine's own disk. The volume is not in them.",
    }),
    hetzner('true'),
  ),
} as const
