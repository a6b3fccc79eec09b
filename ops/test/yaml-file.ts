import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { root } from '../../service/test/support/root.ts'

const READ = 'import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)'

/** Whether there is a reader of YAML on this machine: Python's. */
export const readsYaml = spawnSync('python3', ['-c', 'import yaml']).status === 0

/** A YAML file of the repository, or one by its whole path, with what its anchors stand for. @throws when it is none */
export function yamlFile<T>(path: string): T {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', READ, resolve(root, path)], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${path}: ${stderr.trim().split('\n').at(-1)}`)
  return JSON.parse(stdout)
}
