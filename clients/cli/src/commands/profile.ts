import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Failure } from '../failure.ts'
import { typed } from '../input.ts'
import { COMMAND } from '../invocation.ts'
import { Output } from '../output.ts'
import { changeProfiles, configPath, type Profile, profileNamed, readProfiles } from '../profiles.ts'
import { checkAddress, type Program } from '../program.ts'
import { table } from '../table.ts'
import { canAsk, confirmed, hidden } from '../terminal/prompt.ts'

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
      'Remembers a bus. The API key is read from stdin, or asked for in a terminal, unless a file is named. The first one becomes the default.',
    )
    .argument('<name>')
    .argument('<url>')
    .option('--key-file <file>', 'where the API key is; it stays there')
    .option('--admin-token-file <file>', 'where the admin token is; it stays there')
    .option('--force', 'replace a profile of this name')
    .action(async (name, url, options, command) => {
      const globals = command.optsWithGlobals()
      const { namespace, sign } = globals
      if (!NAME.test(name))
        throw new Failure(`NAME takes letters, digits and . _ -, a letter or digit first; it got "${name}".`)
      checkAddress(url)
      const { profiles } = readProfiles(process.env)
      const taken = Object.hasOwn(profiles, name) ? profiles[name] : undefined
      const mayReplace = options.force === true || (taken !== undefined && (await replacing(name, taken)))
      const key = options.keyFile === undefined ? await keyGiven(url) : undefined
      const profile = {
        url,
        ...(key === undefined ? {} : { key }),
        ...(options.keyFile === undefined ? {} : { key_file: found(options.keyFile) }),
        ...(options.adminTokenFile === undefined ? {} : { admin_token_file: found(options.adminTokenFile) }),
        ...(namespace === undefined ? {} : { namespace }),
        ...(sign ? { sign: true } : {}),
      }
      await changeProfiles(process.env, saved => {
        if (!mayReplace && Object.hasOwn(saved.profiles, name)) throw thereIsOne(name, saved.profiles[name]!)
        saved.profiles[name] = profile
        saved.default ??= name
      })
      const path = configPath(process.env)
      new Output(globals).say(
        { name, url, path },
        `Saved in ${path}. Try it: ${COMMAND} --profile ${name} doctor`,
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
          ? `There are none yet. Make one: ${COMMAND} profile add NAME URL`
          : table(
              [{ head: '' }, { head: 'name' }, { head: 'url' }],
              list.map(each => [each.default ? '*' : '', each.name, each.url]),
            ),
      )
    })
    .description('Lists them; * is the default.')

  profile
    .command('use')
    .description('Makes one the default.')
    .argument('<name>')
    .action(async name => {
      await changeProfiles(process.env, saved => {
        profileNamed(name, process.env)
        saved.default = name
      })
    })

  profile
    .command('remove')
    .description('Forgets one.')
    .argument('<name>')
    .action(async name => {
      await changeProfiles(process.env, saved => {
        profileNamed(name, process.env)
        delete saved.profiles[name]
        if (saved.default === name) delete saved.default
      })
    })
}

const thereIsOne = (name: string, { url }: Profile): Failure =>
  new Failure(
    `There is a profile ${name} already, for ${url}.`,
    undefined,
    'Take another name, or add --force to replace it with its key.',
  )

/** @throws {Failure} when there is nobody to ask, or the answer is no */
async function replacing(name: string, taken: Profile): Promise<true> {
  if (!canAsk()) throw thereIsOne(name, taken)
  if (await confirmed(`There is a profile ${name} already, for ${taken.url}. Replace it with its key?`))
    return true
  throw new Failure('It was left as it is.')
}

async function keyGiven(url: string): Promise<string> {
  if (!process.stdin.isTTY) {
    const key = (await typed('-')).trim()
    if (key === '') throw new Failure('There was no API key on stdin.')
    return key
  }
  if (!canAsk())
    throw new Failure('Pipe the API key in (`… profile add home URL < key.txt`), or name --key-file FILE.')
  const key = (await hidden(`API key for ${url} (it is not shown): `)).trim()
  if (key === '') throw new Failure('There was no API key.')
  return key
}

function found(file: string): string {
  if (!existsSync(file)) throw new Failure(`${file} is not there.`)
  return resolve(file)
}
