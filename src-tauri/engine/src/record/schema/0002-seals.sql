-- Signatures under the record. Frozen: what comes later is a new file.
CREATE TABLE keys (
    public BLOB PRIMARY KEY CHECK (length(public) = 32) -- Ed25519
) STRICT, WITHOUT ROWID;

CREATE TABLE seals (
    seq       INTEGER PRIMARY KEY,                              -- the newest fact that it covers
    public    BLOB NOT NULL REFERENCES keys (public),
    signature TEXT NOT NULL                                     -- over the number and the hash of that fact, hexadecimal
) STRICT;

CREATE TRIGGER seals_stay_as_they_are BEFORE UPDATE ON seals BEGIN SELECT RAISE(ABORT, 'a seal is never changed'); END;
CREATE TRIGGER seals_stay BEFORE DELETE ON seals BEGIN SELECT RAISE(ABORT, 'a seal is never removed'); END;
