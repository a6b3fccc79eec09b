/** An S3 server that checks signatures (moto), with one bucket and one user who may write to it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bucket } from '../../backup/upload.ts'
import { pythonProgram } from '../openapi/installed.ts'
import { freePort } from '../support/ports.ts'

export const moto = pythonProgram('moto_server', '5.2.5', 'moto[server]')

/** It believes the first calls, by which the user and the bucket are made. */
const BELIEVED = 4
const REGION = 'us-east-1'
const POLICY = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] }

export async function startS3(): Promise<{ bucket: Bucket; server: ChildProcess }> {
  if ('reason' in moto) throw new Error(moto.reason)
  const port = await freePort()
  const env = { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: `${BELIEVED}` }
  const server = spawn(moto.path, ['-p', `${port}`], { stdio: 'ignore', env })
  const base = `http://127.0.0.1:${port}`
  // A port that takes no connection yet; a request would count.
  while (
    !(await fetch(`${base}/moto-api/`).then(
      answer => answer.ok,
      () => false,
    ))
  )
    await sleep(100)

  const iam = async (fields: Record<string, string>) => {
    const answer = await fetch(base, {
      method: 'POST',
      headers: scope('iam'),
      body: new URLSearchParams({ Version: '2010-05-08', UserName: 'bus', ...fields }),
    })
    if (!answer.ok) throw new Error(`${fields['Action']}: ${await answer.text()}`)
    return answer.text()
  }
  await iam({ Action: 'CreateUser' })
  await iam({ Action: 'PutUserPolicy', PolicyName: 'write', PolicyDocument: JSON.stringify(POLICY) })
  const made = await iam({ Action: 'CreateAccessKey' })
  const within = (tag: string) => new RegExp(`<${tag}>(.*?)</${tag}>`).exec(made)![1]!
  await fetch(`${base}/backups`, { method: 'PUT', headers: scope('s3') })
  return {
    server,
    bucket: {
      url: `${base}/backups`,
      prefix: 'pi/',
      region: REGION,
      accessKey: within('AccessKeyId'),
      secretKey: within('SecretAccessKey'),
    },
  }
}

/** Says which of its services is meant. */
const scope = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=nobody/20260101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=none`,
})
