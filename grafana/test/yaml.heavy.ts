/** The YAML that is written here, read by somebody else. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { pathOf, YAML_FILES } from '../src/made-files.ts'

const READ = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))'
const python = (...args: string[]) => spawnSync('python3', args, { encoding: 'utf8' })

const missing = python('-c', 'import yaml').status !== 0
describe.skipIf(missing)(`Python${missing ? ' (skipped: python3-yaml is not installed)' : ''}`, () => {
  test.each(Object.entries(YAML_FILES))('reads in %s what was meant', (path, { value }) => {
    const { stdout, stderr } = python('-c', READ, pathOf(path))
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual(value)
  })
})
