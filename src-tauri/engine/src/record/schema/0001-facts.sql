-- The journal's first form. Frozen: what comes later is a new file.
CREATE TABLE facts (
    seq   INTEGER PRIMARY KEY,                          -- 1, 2, 3… without a gap
    at    INTEGER NOT NULL,                             -- milliseconds since the Unix epoch, this computer's clock
    job   BLOB NOT NULL CHECK (length(job) = 16),       -- UUIDv7
    v     INTEGER NOT NULL,                             -- form of `event`
    event TEXT NOT NULL,                                -- JSON
    hash  BLOB NOT NULL CHECK (length(hash) = 32)       -- SHA-256 over the hash before and this record
) STRICT;

CREATE INDEX facts_of_job ON facts (job, seq);

-- Where the chain ends, so that records missing at the end are noticed.
CREATE TABLE head (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

INSERT INTO head VALUES (1, 0, zeroblob(32));

CREATE TRIGGER facts_stay_as_they_are BEFORE UPDATE ON facts BEGIN SELECT RAISE(ABORT, 'a fact is never changed'); END;
CREATE TRIGGER facts_stay BEFORE DELETE ON facts BEGIN SELECT RAISE(ABORT, 'a fact is never removed'); END;
