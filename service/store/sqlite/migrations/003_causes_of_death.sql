-- What ended a dead letter, as one of a few: 'max_retries', 'expired' or 'cancelled'. NULL: it is from before this column, and
-- its reason is one of three fixed texts that says the same. To fill it in here would rewrite every letter at the start.
ALTER TABLE dead_letters ADD COLUMN cause TEXT;

-- The error of the last /fail, once a lease that ran out has taken its place in last_error.
ALTER TABLE intents ADD COLUMN failed_with TEXT;
