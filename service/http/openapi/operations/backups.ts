import { BackupParams, BackupQuery } from '../../schemas/requests.ts'
import { BackupAnswer, BackupRunningAnswer, BackupsAnswer } from '../../schemas/responses.ts'
import { string } from '../../schemas/schema.ts'
import type { Operation, Terms } from '../operation.ts'
import { pathOf, queryOf } from '../wire.ts'

export const backupOperations = (_terms: Terms): Operation[] => [
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/backup',
    id: 'makeBackup',
    summary: 'Make a backup',
    description:
      'What was acknowledged before this is in it. It is read to its end and counted before it gets its name. One at a time.',
    reads: [BackupQuery],
    parameters: queryOf(BackupQuery, { wait: 'How long to wait for it; left out, 60.' }),
    answers: {
      201: { description: 'It is made, verified and on disk.', schema: BackupAnswer },
      202: {
        description: 'It is under way still, and goes on: the list tells how it ends.',
        schema: BackupRunningAnswer,
      },
    },
    errors: ['backup_running', 'backup_failed', 'not_supported', 'draining'],
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'get',
    path: '/admin/backups',
    id: 'listBackups',
    summary: 'List the backups that lie there',
    answers: { 200: { description: 'The newest first.', schema: BackupsAnswer } },
    errors: ['backup_failed', 'not_supported'],
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'get',
    path: '/admin/backups/:name',
    id: 'getBackup',
    summary: 'Download a backup',
    reads: [BackupParams],
    parameters: pathOf(BackupParams, { name: 'Which.' }, 'bus-20261124T170102Z.db.zst'),
    answers: {
      200: {
        description: 'The file as it lies there.',
        media: 'application/octet-stream',
        schema: string({ format: 'binary' }),
      },
    },
    errors: ['not_found', 'backup_failed', 'not_supported'],
  },
]
