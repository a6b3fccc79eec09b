import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Failure } from '../failure.ts'
import { typed } from '../input.ts'
import { Output, table } from '../output.ts'
import { configPath, profileNamed, readProfiles, writeProfiles } from '../profiles.ts'
import { checkAddress, type Program } from '../program.ts'

/** What needs no quotes in a shell, and is no name that JavaScript has a meaning for. */
const NAME = /^[A-Za-z0-9][\w.-]*$/

export function addProfile(program: Program): void {
  const profile = program
    .command('profile')
    .summary('remember buses by name')
    .description('Buses by name, in a config file that only you may read.')

  profile
    .command('add')
    .description(
      'Remembers a bus. The API key is read from stdin, unless a file is named. The first one becomes the default.',
    )
    .argument('<name>')
    .argument('<url>')
    .option('--key-file <file>', 'where the API key is; it stays there')
    .option('--admin-token-file <file>', 'where the admin token is; it stays there')
    .action(async (name, url, options, command) => {
      const { namespace, sign, json } = command.optsWithGlobals()
      if (!NAME.test(name))
        throw new Failure(`NAME takes letters, digits and . _ -, a letter or digit first; it got "${name}".`)
      checkAddress(url)
      const key = options.keyFile === undefined ? await keyFromStdin() : undefined
      const saved = readProfiles(process.env)
      saved.profiles[name] = {
        url,
        ...(key === undefined ? {} : { key }),
        ...(options.keyFile === undefined ? {} : { key_file: found(options.keyFile) }),
        ...(options.adminTokenFile === undefined ? {} : { admin_token_file: found(options.adminTokenFile) }),
        ...(namespace === undefined ? {} : { namespace }),
        ...(sign ? { sign: true } : {}),
      }
      saved.default ??= name
      writeProfiles(saved, process.env)
      const path = configPath(process.env)
      new Output({ json }).say(
        { name, url, path },
        `Saved in ${path}. Try it: intent-bus --profile ${name} doctor`,
      )
    })

  profile
    .command('list')
    .action((_options, command) => {
      const { default: chosen, profiles } = readProfiles(process.env)
      const list = Object.entries(profiles).map(([name, { url }]) => ({
        name,
        url,
        default: name === chosen,
      }))
      new Output(command.optsWithGlobals()).say(list, () =>
        list.length === 0
          ? 'There are none yet. Make one: intent-bus profile add NAME URL'
          : table(
              ['', 'name', 'url'],
              list.map(each => [each.default ? '*' : '', each.name, each.url]),
            ),
      )
    })
    .description('Lists them; * is the default.')

  profile
    .command('use')
    .description('Makes one the default.')
    .argument('<name>')
    .action(name => {
      profileNamed(name, process.env)
      writeProfiles({ ...readProfiles(process.env), default: name }, process.env)
    })

  profile
    .command('remove')
    .description('Forgets one.')
    .argument('<name>')
    .action(name => {
      profileNamed(name, process.env)
      const saved = readProfiles(process.env)
      delete saved.profiles[name]
      if (saved.default === name) delete saved.default
      writeProfiles(saved, process.env)
    })
}

async function keyFromStdin(): Promise<string | undefined> {
  if (process.stdin.isTTY)
    throw new Failure('Pipe the API key in (`… profile add home URL < key.txt`), or name --key-file FILE.')
  const key = (await typed('-')).trim()
  if (key === '') throw new Failure('There was no API key on stdin.')
  return key
}

function found(file: string): string {
  if (!existsSync(file)) throw new Failure(`${file} is not there.`)
  return resolve(file)
}
