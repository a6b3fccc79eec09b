/**
 * What goes over the wire, in the names of this language: made from the OpenAPI document of the bus by
 * `npm run wire`, not by hand. Times are unix seconds with a fraction, durations are seconds.
 */
export interface components {
    schemas: {
        ErrorAnswer: {
            error: {
                code: string;
                message: string;
            };
        };
        PublishAnswer: {
            id: string;
            /** @constant */
            status: "published";
            namespace: string;
        };
        PublishBody: {
            /** @description What kind of work it is; workers may ask for one kind. A text of 1 to 256 characters. White space at both ends is dropped. A number is taken as its text. */
            goal: string;
            /** @description What the worker needs to know: up to 8192 bytes as compact JSON, 10 levels deep. Any JSON, null too. */
            payload: unknown;
            /**
             * @description Workers see one namespace at a time. 1 to 64 of A-Z a-z 0-9 _ . -. A number is taken as its text.
             * @default default
             */
            namespace?: string;
            /**
             * @description `public`: workers of any key may take it. Anything unknown is private.
             * @default private
             * @enum {string}
             */
            visibility?: "private" | "public";
            /**
             * @description Higher goes first. From 0 to 1000.
             * @default 100
             */
            priority?: number;
            /**
             * @description Seconds until it is due. From 0 to 315360000.
             * @default 0
             */
            delay?: number;
            /**
             * @description Claims before it is dead. From 1 to 20.
             * @default 3
             */
            maxAttempts?: number;
            /**
             * @description Seconds; doubles with each attempt. From 1 to 3600.
             * @default 5
             */
            backoffBase?: number;
            /** @description Only the worker with this id may take it. 1 to 64 of A-Z a-z 0-9 _ . : -. White space at both ends is dropped. A number is taken as its text. What is longer than 64 characters is cut. Empty is the same as left out. */
            targetWorker?: string;
            /** @description Only workers that offer this may take it. 1 to 64 of A-Z a-z 0-9 _ . : -. White space at both ends is dropped. What is longer than 64 characters is cut. Empty is the same as left out. */
            requiredCapability?: string;
        };
        PublishedAnswer: {
            intents: components["schemas"]["PublishAnswer"][];
        };
        PublishItem: components["schemas"]["PublishBody"] & {
            /** @description As the header `Idempotency-Key` of a single publish, but never empty. */
            idempotencyKey?: string;
        };
        PublishBatchBody: {
            intents: components["schemas"]["PublishItem"][];
        };
        ClaimAnswer: {
            id: string;
            claimToken: string;
            namespace: string;
            goal: string;
            /** @description which attempt this is, from 1 */
            claimAttempts: number;
            priority: number;
            targetWorker: string | null;
            requiredCapability: string | null;
            /** @description seconds the lease lasts */
            claimTimeout: number;
            payload: unknown;
        };
        ClaimsAnswer: {
            intents: components["schemas"]["ClaimAnswer"][];
        };
        SettleAnswer: {
            /** @constant */
            ok: true;
            id: string;
        };
        FulfillBody: {
            /** @description The token that came with the claim. */
            claimToken: string;
            /** @description What came of it: up to 65536 bytes as compact JSON, 10 levels deep. `null` is none. Any JSON, or a text when result_type is text. */
            result?: unknown;
            /**
             * @description `text`: the result is a text, and kept as such. Json or text.
             * @default json
             * @enum {string}
             */
            resultType?: "json" | "text";
        };
        RefusedAnswer: {
            id: string | null;
            /** @constant */
            ok: false;
            error: {
                code: string;
                message: string;
            };
        };
        SettledAnswer: {
            items: (components["schemas"]["SettleAnswer"] | components["schemas"]["RefusedAnswer"])[];
        };
        FulfillItem: components["schemas"]["FulfillBody"] & {
            id: string;
        };
        FulfillBatchBody: {
            items: (components["schemas"]["FulfillItem"] | Record<string, unknown>)[];
        };
        FailBody: {
            /** @description Why it did not work; `unknown` when it is left out or empty. A text of Unicode characters without NUL, or other JSON; cut at 500 characters. */
            error?: unknown;
            /** @description The token that came with the claim. */
            claimToken: string;
        };
        FailItem: components["schemas"]["FailBody"] & {
            id: string;
        };
        FailBatchBody: {
            items: (components["schemas"]["FailItem"] | Record<string, unknown>)[];
        };
        ExtendAnswer: {
            /** @constant */
            ok: true;
            id: string;
            extendedBy: number;
        };
        ExtendBody: {
            /** @description The token that came with the claim. */
            claimToken: string;
            /**
             * @description Length of the lease from now. From 10 to 3600.
             * @default 60
             */
            seconds?: number;
        };
        ExtendedAnswer: {
            items: (components["schemas"]["ExtendAnswer"] | components["schemas"]["RefusedAnswer"])[];
        };
        ExtendItem: components["schemas"]["ExtendBody"] & {
            id: string;
        };
        ExtendBatchBody: {
            items: (components["schemas"]["ExtendItem"] | Record<string, unknown>)[];
        };
        ProgressBody: {
            /** @description How far it is, in percent. A number from 0 to 100. */
            progress: number;
            /** @description For whoever looks at the status. A text of 0 to 500 characters. */
            message?: string;
            /** @description How long the lease is to last from now; else it stays as it is. A whole number of seconds from 10 to 3600. */
            seconds?: number;
            /** @description The token that came with the claim. */
            claimToken: string;
        };
        StatusAnswer: {
            id: string;
            namespace: string;
            goal: string;
            /** @enum {string} */
            status: "open" | "claimed" | "fulfilled" | "dead";
            priority: number;
            /** @enum {string} */
            visibility: "private" | "public";
            claimAttempts: number;
            /** @description unix time in seconds, with a fraction */
            runAt: number;
            /** @description unix time in seconds, with a fraction */
            claimExpiresAt: number | null;
            targetWorker: string | null;
            requiredCapability: string | null;
            /** @description unix time in seconds, with a fraction */
            completedAt: number | null;
            lastError: string | null;
            /** @description in percent, as the worker reported it */
            progress: number | null;
            progressMessage: string | null;
            /** @description how its key begins, and whose it is */
            publisher?: string;
            /** @description who has it, or had it last */
            workerId?: string | null;
        };
        ResultAnswer: {
            id: string;
            namespace: string;
            goal: string;
            /** @enum {string} */
            status: "open" | "claimed" | "fulfilled" | "dead";
            priority: number;
            /** @enum {string} */
            visibility: "private" | "public";
            claimAttempts: number;
            /** @description unix time in seconds, with a fraction */
            runAt: number;
            /** @description unix time in seconds, with a fraction */
            claimExpiresAt: number | null;
            targetWorker: string | null;
            requiredCapability: string | null;
            /** @description unix time in seconds, with a fraction */
            completedAt: number | null;
            lastError: string | null;
            /** @description in percent, as the worker reported it */
            progress: number | null;
            progressMessage: string | null;
            /** @description how its key begins, and whose it is */
            publisher?: string;
            /** @description who has it, or had it last */
            workerId?: string | null;
            /** @enum {string} */
            resultType: "json" | "text";
            /** @description left out unless the last attempt failed */
            error?: string;
            /** @description left out unless it was fulfilled with one */
            result?: unknown;
        };
        IntentsAnswer: {
            id: string;
            namespace: string;
            goal: string;
            /** @enum {string} */
            status: "open" | "claimed" | "fulfilled" | "dead";
            priority: number;
            /** @enum {string} */
            visibility: "private" | "public";
            claimAttempts: number;
            /** @description unix time in seconds, with a fraction */
            runAt: number;
            /** @description unix time in seconds, with a fraction */
            claimExpiresAt: number | null;
            targetWorker: string | null;
            requiredCapability: string | null;
            /** @description unix time in seconds, with a fraction */
            completedAt: number | null;
            lastError: string | null;
            /** @description in percent, as the worker reported it */
            progress: number | null;
            progressMessage: string | null;
            publisher: string;
            workerId: string | null;
            maxAttempts: number;
            /** @description seconds */
            backoffBase: number;
            /** @description unix time in seconds, with a fraction */
            createdAt: number;
            /** @description unix time in seconds, with a fraction */
            expiresAt: number;
            /** @description unix time in seconds, with a fraction */
            claimedAt: number | null;
        }[];
        MovedAnswer: {
            /** @constant */
            ok: true;
            id: string;
            /** @enum {string} */
            status: "open" | "claimed" | "fulfilled" | "dead";
        };
        OkAnswer: {
            /** @constant */
            ok: true;
        };
        SetBody: {
            /** @description Up to 65536 bytes. A text of Unicode characters without NUL, kept as it is, or other JSON, kept as its text. */
            value: string | number | boolean | Record<string, unknown> | unknown[] | null;
            /**
             * @description When it goes, from now. Seconds. From 1 to 86400.
             * @default 600
             */
            ttl?: number;
        };
        ValueAnswer: {
            value: string;
        };
        KeyAnswer: {
            apiKey: string;
            keyId: number;
            owner: string;
            note: string;
            /** @description the first characters of the key */
            prefix: string;
            /** @description unix time in seconds, with a fraction */
            createdAt: number;
            /** @description to five minutes; null: never */
            lastUsedAt: number | null;
            /** @description null: it does not expire */
            expiresAt: number | null;
            expired: boolean;
            /** @description requests in a window; null: the bus's own limit */
            rateLimit: number | null;
            /** @description open and claimed intents; null: the bus's own limit */
            openLimit: number | null;
            /** @description the number of the key it was rotated to */
            replacedBy: number | null;
            /** @description open and claimed intents of it and of the keys it was rotated from or to */
            openIntents: number;
            /** @description of the values and open payloads of the same keys */
            storedBytes: number;
        };
        GenerateKeyBody: {
            /**
             * @description Who it is for. A text of 1 to 128 characters. White space at both ends is dropped. A number is taken as its text.
             * @default anonymous
             */
            owner?: string;
            /** @description What else is to be remembered of it. A text of 0 to 512 characters. White space at both ends is dropped. */
            note?: string;
            /** @description When it ends. Seconds from now, a whole number from 1 to ten years of them; 0: it does not expire. */
            expiresIn?: number;
            /** @description How often it may call. Requests in a window, a whole number from 1 to 1000000; 0: the bus's own limit. */
            rateLimit?: number;
            /** @description How much it may leave to be done. Open and claimed intents, a whole number from 1 to 10000000; 0: the bus's own limit. */
            openLimit?: number;
        };
        KeyDetailsAnswer: {
            keyId: number;
            owner: string;
            note: string;
            /** @description the first characters of the key */
            prefix: string;
            /** @description unix time in seconds, with a fraction */
            createdAt: number;
            /** @description to five minutes; null: never */
            lastUsedAt: number | null;
            /** @description null: it does not expire */
            expiresAt: number | null;
            expired: boolean;
            /** @description requests in a window; null: the bus's own limit */
            rateLimit: number | null;
            /** @description open and claimed intents; null: the bus's own limit */
            openLimit: number | null;
            /** @description the number of the key it was rotated to */
            replacedBy: number | null;
            /** @description open and claimed intents of it and of the keys it was rotated from or to */
            openIntents: number;
            /** @description of the values and open payloads of the same keys */
            storedBytes: number;
        };
        KeysAnswer: {
            keys: components["schemas"]["KeyDetailsAnswer"][];
        };
        RotatedAnswer: {
            apiKey: string;
            keyId: number;
            owner: string;
            note: string;
            /** @description the first characters of the key */
            prefix: string;
            /** @description unix time in seconds, with a fraction */
            createdAt: number;
            /** @description to five minutes; null: never */
            lastUsedAt: number | null;
            /** @description null: it does not expire */
            expiresAt: number | null;
            expired: boolean;
            /** @description requests in a window; null: the bus's own limit */
            rateLimit: number | null;
            /** @description open and claimed intents; null: the bus's own limit */
            openLimit: number | null;
            /** @description the number of the key it was rotated to */
            replacedBy: number | null;
            /** @description open and claimed intents of it and of the keys it was rotated from or to */
            openIntents: number;
            /** @description of the values and open payloads of the same keys */
            storedBytes: number;
            replaces: {
                keyId: number;
                owner: string;
                note: string;
                /** @description the first characters of the key */
                prefix: string;
                /** @description unix time in seconds, with a fraction */
                createdAt: number;
                /** @description to five minutes; null: never */
                lastUsedAt: number | null;
                /** @description null: it does not expire */
                expiresAt: number | null;
                expired: boolean;
                /** @description requests in a window; null: the bus's own limit */
                rateLimit: number | null;
                /** @description open and claimed intents; null: the bus's own limit */
                openLimit: number | null;
                /** @description the number of the key it was rotated to */
                replacedBy: number | null;
                /** @description open and claimed intents of it and of the keys it was rotated from or to */
                openIntents: number;
                /** @description of the values and open payloads of the same keys */
                storedBytes: number;
            };
        };
        RotateKeyBody: {
            /** @description An API key. */
            apiKey?: string;
            /** @description The key_id of an issued key, a whole number from 1 up. */
            keyId?: number;
            /**
             * @description For how long both are good. Seconds for which the old key stays good, a whole number from 0 to 31536000.
             * @default 86400
             */
            overlap?: number;
            /** @description When the new one ends. Left out: it lives as long as the old one was made to. Seconds from now, a whole number from 1 to ten years of them; 0: it does not expire. */
            expiresIn?: number;
        };
        ChangeKeyBody: {
            /** @description An API key. */
            apiKey?: string;
            /** @description The key_id of an issued key, a whole number from 1 up. */
            keyId?: number;
            /** @description Who it is for. A text of 1 to 128 characters. White space at both ends is dropped. A number is taken as its text. */
            owner?: string;
            /** @description What else is to be remembered of it. A text of 0 to 512 characters. White space at both ends is dropped. */
            note?: string;
            /** @description When it ends. Seconds from now, a whole number from 1 to ten years of them; 0: it does not expire. */
            expiresIn?: number;
            /** @description How often it may call. Requests in a window, a whole number from 1 to 1000000; 0: the bus's own limit. */
            rateLimit?: number;
            /** @description How much it may leave to be done. Open and claimed intents, a whole number from 1 to 10000000; 0: the bus's own limit. */
            openLimit?: number;
        };
        RevokedAnswer: {
            /** @constant */
            ok: true;
            revoked: boolean;
            openIntents?: number;
        };
        RevokeKeyBody: {
            /** @description An API key. */
            apiKey?: string;
            /** @description The key_id of an issued key, a whole number from 1 up. */
            keyId?: number;
        };
        IntentAnswer: {
            id: string;
            namespace: string;
            goal: string;
            /** @enum {string} */
            status: "open" | "claimed" | "fulfilled" | "dead";
            priority: number;
            /** @enum {string} */
            visibility: "private" | "public";
            claimAttempts: number;
            /** @description unix time in seconds, with a fraction */
            runAt: number;
            /** @description unix time in seconds, with a fraction */
            claimExpiresAt: number | null;
            targetWorker: string | null;
            requiredCapability: string | null;
            /** @description unix time in seconds, with a fraction */
            completedAt: number | null;
            lastError: string | null;
            /** @description in percent, as the worker reported it */
            progress: number | null;
            progressMessage: string | null;
            publisher: string;
            workerId: string | null;
            maxAttempts: number;
            /** @description seconds */
            backoffBase: number;
            /** @description unix time in seconds, with a fraction */
            createdAt: number;
            /** @description unix time in seconds, with a fraction */
            expiresAt: number;
            /** @description unix time in seconds, with a fraction */
            claimedAt: number | null;
            /** @enum {string} */
            resultType: "json" | "text";
            payload: unknown;
            result?: unknown;
        };
        DeadLettersAnswer: {
            intentId: string;
            namespace: string;
            goal: string;
            attempts: number;
            /** @description what ended it: mostly the error of its last attempt */
            reason: string;
            /** @description unix time in seconds, with a fraction */
            createdAt: number;
            /** @description the error of its last attempt */
            lastError: string | null;
            /** @enum {string} */
            cause: "max_retries" | "cancelled" | "expired";
            /** @description who had it last */
            workerId: string | null;
        }[];
        DeadLetterAnswer: {
            intentId: string;
            namespace: string;
            goal: string;
            attempts: number;
            /** @description what ended it: mostly the error of its last attempt */
            reason: string;
            /** @description unix time in seconds, with a fraction */
            createdAt: number;
            /** @description the error of its last attempt */
            lastError: string | null;
            /** @enum {string} */
            cause: "max_retries" | "cancelled" | "expired";
            /** @description who had it last */
            workerId: string | null;
            /** @enum {string} */
            visibility: "private" | "public";
            publisher: string;
            payload: unknown;
        };
        RetryDeadAnswer: {
            items: ({
                /** @constant */
                ok: true;
                id: string;
                /** @constant */
                status: "open";
            } | components["schemas"]["RefusedAnswer"])[];
        };
        DeadLetterIdsBody: {
            /** @description A list of at most 1000 intent ids, which are texts. */
            ids: string[];
        };
        DropDeadAnswer: {
            items: ({
                /** @constant */
                ok: true;
                id: string;
                /** @constant */
                status: "dropped";
            } | components["schemas"]["RefusedAnswer"])[];
        };
        MaintenanceAnswer: {
            on: boolean;
            by: ("variable" | "switch") | null;
            /** @description unix time in seconds; null: since the start of the bus, or not at all */
            since: number | null;
            note: string;
        };
        OverviewAnswer: {
            version: string;
            /** @description unix time in seconds, with a fraction */
            now: number;
            /** @description unix time in seconds, with a fraction */
            startedAt: number;
            uptimeSeconds: number;
            draining: boolean;
            maintenance: components["schemas"]["MaintenanceAnswer"];
            /** @description a request came with X-Forwarded-For, and BUS_TRUST_PROXY says that there is no proxy */
            proxyUnknown: boolean;
            /** @description settings whose secret is short enough to be guessed, such as DASHBOARD_PASSWORD */
            shortSecrets: string[];
            intents: {
                open: number;
                claimed: number;
                fulfilled: number;
                dead: number;
            };
            deadLetters: number;
            /** @description null: nothing is ready */
            oldestReadyAgeSeconds: number | null;
            /** @description workers in a long poll */
            waitingClaims: number;
            queuedOperations: number;
            issuedKeys: number;
            namespaces: {
                namespace: string;
                open: number;
                claimed: number;
                fulfilled: number;
                dead: number;
            }[];
            /** @description namespaces is the busiest of them */
            namespaceCount: number;
            /** @description those with the most open and claimed intents */
            goals: {
                namespace: string;
                goal: string;
                open: number;
                claimed: number;
            }[];
            totals: {
                published: number;
                claimed: number;
                fulfilled: number;
                /** @description attempts that a worker reported as failed */
                failed: number;
                /** @description leases that ran out */
                lapsed: number;
                dead: number;
            };
        };
        PurgedAnswer: {
            /** @constant */
            ok: true;
            deleted: number;
        };
        PurgeBody: {
            /**
             * @description That you mean it.
             * @constant
             */
            confirm: true;
            /** @description Only this one. 1 to 64 of A-Z a-z 0-9 _ . -. A number is taken as its text. */
            namespace?: string;
        };
        CleanupAnswer: {
            /** @constant */
            ok: true;
            expiredOpenDeleted: number;
            expiredClaimsRequeued: number;
            expiredClaimsDead: number;
            fulfilledDeleted: number;
            deadDeleted: number;
            deadLettersDeleted: number;
            storeDeleted: number;
            idempotencyDeleted: number;
            noncesDeleted: number;
            rateLimitsDeleted: number;
        };
        MaintenanceBody: {
            /** @description Which of the two. True or false. */
            on: boolean;
            /** @description For other admins. A text of 0 to 512 characters. White space at both ends is dropped. */
            note?: string;
        };
        AuditAnswer: {
            entries: {
                sequence: number;
                /** @description unix time in seconds, with a fraction */
                at: number;
                /** @enum {string} */
                action: "key_created" | "key_rotated" | "key_changed" | "key_revoked" | "intent_cancelled" | "intent_retried" | "dead_retried" | "dead_dropped" | "purged" | "maintenance_on" | "maintenance_off" | "backup_made" | "backup_fetched";
                /** @description the id of a key or an intent, or a namespace */
                subject: string | null;
                /**
                 * @description the secret that let them in; api_key: a publisher, with an intent of its own
                 * @enum {string}
                 */
                credential: "admin_token" | "password" | "api_key";
                /** @enum {string} */
                via: "api" | "dashboard";
                address: string;
                /** @description in the names of this API */
                detail: Record<string, unknown>;
                requestId: string;
            }[];
        };
        BackupAnswer: {
            /** @constant */
            ok: true;
            name: string;
            bytes: number;
            encrypted: boolean;
            /** @description unix time in seconds, with a fraction */
            takenAt: number;
            /** @description of the file, in hex */
            sha256: string;
            durationSeconds: number;
            schema: number;
            intents: {
                open: number;
                claimed: number;
                fulfilled: number;
                dead: number;
            };
            issuedKeys: number;
            values: number;
            /** @description null: there is no bucket */
            uploaded: boolean | null;
        };
        BackupRunningAnswer: {
            /** @constant */
            ok: true;
            /** @description unix time in seconds, with a fraction */
            runningSince: number;
        };
        BackupsAnswer: {
            backups: {
                name: string;
                bytes: number;
                encrypted: boolean;
                /** @description unix time in seconds, with a fraction */
                takenAt: number;
                ageSeconds: number;
                /** @description null: there is none beside it */
                sha256: string | null;
            }[];
            /** @description unix time in seconds; null: none is being made */
            runningSince: number | null;
            lastFailure: {
                /** @description unix time in seconds, with a fraction */
                at: number;
                message: string;
            } | null;
        };
        HealthAnswer: {
            ok: boolean;
            /** @description unix time in seconds, with a fraction */
            ts: number;
            version: string;
        };
        LiveAnswer: {
            /** @constant */
            ok: true;
        };
        ReadyAnswer: {
            ok: boolean;
            reasons: string[];
            warnings: string[];
            /** @description no reason: admins still get in */
            maintenance: boolean;
        };
        ClaimQuery: {
            /** @description Only intents with this goal; else any. A text of 1 to 256 characters. White space at both ends is dropped. Empty is the same as left out. */
            goal?: string;
            /**
             * @description Only intents of this namespace. 1 to 64 of A-Z a-z 0-9 _ . -. A number is taken as its text.
             * @default default
             */
            namespace?: string;
            /** @description An API key: take only that key's intents. Your own, or any for the master key. Empty is the same as left out. */
            publisher?: string;
            /** @description Who asks, for intents with a `target_worker`. The header `X-Worker-ID` wins. 1 to 64 of A-Z a-z 0-9 _ . : -. White space at both ends is dropped. What is longer than 64 characters is cut. Empty is the same as left out. */
            workerId?: string;
            /** @description What the worker can do, for intents with a `required_capability`. Each is cut at 64 characters. The header `X-Worker-Capabilities` wins. A comma list of A-Z a-z 0-9 _ . : -. White space at both ends is dropped. What is longer than 256 characters is cut. Empty is the same as left out. */
            capabilities?: string;
            /** @description Wait so long for work, and answer as soon as there is some. Without it: answer at once. A number of seconds from 0 to 60. */
            wait?: number;
            /** @description Take up to so many, without waiting for more. With it, even with 1, the answer is a list. A whole number from 1 to 100. */
            max?: number;
            /** @description How long until it must be settled; else 60 seconds. A whole number of seconds from 10 to 3600. */
            lease?: number;
            /** @description The same as `capabilities`, which wins. */
            capability?: string;
        };
        GetResultQuery: {
            /** @description Answer as soon as the intent has ended, or with its present state when so long has gone by. A number of seconds from 0 to 60. */
            wait?: number;
        };
        ListAuditQuery: {
            /** @description What came after this entry. The sequence of an entry, a whole number from 0 up. */
            after?: number;
            /** @description What was done from then on. Unix time in seconds. */
            since?: number;
            /**
             * @description Only this. One of key_created, key_rotated, key_changed, key_revoked, intent_cancelled, intent_retried, dead_retried, dead_dropped, purged, maintenance_on, maintenance_off, backup_made, backup_fetched.
             * @enum {string}
             */
            action?: "key_created" | "key_rotated" | "key_changed" | "key_revoked" | "intent_cancelled" | "intent_retried" | "dead_retried" | "dead_dropped" | "purged" | "maintenance_on" | "maintenance_off" | "backup_made" | "backup_fetched";
            /** @description How many; 100 unless it is said. A whole number from 1 to 1000. */
            limit?: number;
        };
        ListDeadLettersQuery: {
            /** @description Of this namespace. 1 to 64 of A-Z a-z 0-9 _ . -. A number is taken as its text. */
            namespace?: string;
            /** @description With this goal. A text of 1 to 256 characters. */
            goal?: string;
            /**
             * @description That died of this: all attempts failed, nobody took it in time, or somebody cancelled it. One of max_retries, cancelled, expired.
             * @enum {string}
             */
            cause?: "max_retries" | "cancelled" | "expired";
            /** @description With exactly this reason: what the last attempt failed with, mostly. `Max retries exceeded` and `expired` mean the causes. A text of 1 to 500 characters. */
            reason?: string;
            /** @description That died then or later. Unix time in seconds. */
            since?: number;
            /** @description How many; 100 unless it is said. A whole number from 1 to 1000. */
            limit?: number;
            /** @description Those that are older. The intent id of a dead letter, or what the Link of the page before says. */
            before?: string;
        };
        ListIntentsQuery: {
            /** @description Of this namespace. 1 to 64 of A-Z a-z 0-9 _ . -. A number is taken as its text. */
            namespace?: string;
            /** @description With this goal. A text of 1 to 256 characters. */
            goal?: string;
            /**
             * @description In this state. `open` is those that are `ready` for a worker, and those that are `delayed`.
             * @enum {string}
             */
            status?: "open" | "claimed" | "fulfilled" | "dead" | "delayed" | "ready";
            /** @description Whose id begins so. It goes without `before`: there is one page. The first 12 or more of the 32 hex digits of an id. */
            id?: string;
            /** @description How many; 100 unless it is said. A whole number from 1 to 1000. */
            limit?: number;
            /** @description Those that are older. The id of an intent, or what the Link of the page before says. */
            before?: string;
        };
        ListOwnIntentsQuery: {
            /** @description Of this namespace. 1 to 64 of A-Z a-z 0-9 _ . -. A number is taken as its text. */
            namespace?: string;
            /** @description With this goal. A text of 1 to 256 characters. */
            goal?: string;
            /**
             * @description In this state. `open` is those that are `ready` for a worker, and those that are `delayed`.
             * @enum {string}
             */
            status?: "open" | "claimed" | "fulfilled" | "dead" | "delayed" | "ready";
            /** @description Whose id begins so. It goes without `before`: there is one page. The first 12 or more of the 32 hex digits of an id. */
            id?: string;
            /** @description How many; 100 unless it is said. A whole number from 1 to 1000. */
            limit?: number;
            /** @description Those that are older. The id of an intent, or what the Link of the page before says. */
            before?: string;
        };
        MakeBackupQuery: {
            /** @description How long to wait for it; left out, 60. A number of seconds from 0 to 60. */
            wait?: number;
        };
        /** @enum {string} */
        ErrorCode: "backup_failed" | "backup_running" | "confirmation_required" | "draining" | "forbidden" | "headers_too_large" | "https_required" | "idempotency_conflict" | "internal_error" | "invalid_goal" | "invalid_namespace" | "invalid_payload" | "invalid_request" | "invalid_required_capability" | "invalid_result" | "invalid_result_type" | "invalid_signature" | "invalid_target_worker" | "key_expired" | "limit_exceeded" | "maintenance" | "not_found" | "not_supported" | "overloaded" | "payload_too_large" | "rate_limited" | "request_timeout" | "result_too_large" | "storage_failed" | "storage_full" | "store_damaged" | "unauthorized";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
