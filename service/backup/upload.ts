/** A copy of a backup in a bucket that speaks S3. How long it stays there is for the bucket's lifecycle rule to say. */
import { openAsBlob } from 'node:fs'
import { join } from 'node:path'
import { CHECKSUM } from './names.ts'

export type Bucket = {
  /** With the bucket, and without a slash at its end: `https://s3.example.com/my-bucket`. */
  url: string
  /** In front of the name: `pi/`. */
  prefix: string
  region: string
  accessKey: string
  secretKey: string
}

/** For one part of it (8 MiB), in ms. */
const PATIENCE_MS = 300_000

/**
 * Sends the backup in parts as it lies on disk, and then its checksum: what has one there is whole.
 *
 * @throws when the server does not take it; parts are tried three times
 */
export async function upload(directory: string, name: string, bucket: Bucket): Promise<void> {
  const { S3mini } = await import('s3mini')
  const { url, prefix, region, accessKey, secretKey } = bucket
  const s3 = new S3mini({
    endpoint: url,
    region,
    accessKeyId: accessKey,
    secretAccessKey: secretKey,
    requestAbortTimeout: PATIENCE_MS,
  })
  for (const file of [name, name + CHECKSUM]) {
    const path = join(directory, file)
    await s3.putAnyObject(prefix + file, await openAsBlob(path), 'application/octet-stream')
  }
}
