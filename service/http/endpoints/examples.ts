/** Examples that several answers have in common. */
import { EXAMPLE } from './definition.ts'

export const STATUS = {
  id: EXAMPLE.id,
  namespace: 'default',
  goal: 'resize',
  status: 'fulfilled',
  priority: 200,
  visibility: 'private',
  claim_attempts: 1,
  run_at: EXAMPLE.at,
  claim_expires_at: null,
  target_worker: null,
  required_capability: null,
  completed_at: EXAMPLE.at + 3,
  last_error: null,
  progress: 100,
  progress_message: null,
}

export const LISTED = {
  ...STATUS,
  publisher: 'camera in the barn',
  worker_id: 'pi-1',
  max_attempts: 5,
  backoff_base: 5,
  created_at: EXAMPLE.at,
  expires_at: EXAMPLE.at + 86_400,
  claimed_at: EXAMPLE.at + 1,
}
