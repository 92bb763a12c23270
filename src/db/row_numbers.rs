//! Row numbers that are left out. They are never given twice, because links in mails name them; a database from a backup
//! does not know which ones were given since.

use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;

use crate::db::DbConnection;
use crate::error::Result;

/// How many are left out: more than any table grows between a backup and the day it is needed.
pub const SKIPPED: i64 = 1_000_000_000;

/// Leaves [`SKIPPED`] row numbers out in every table.
///
/// # Errors
/// Of the database.
pub fn skip_row_numbers(conn: &mut DbConnection) -> Result<()> {
    match conn {
        DbConnection::Sqlite(c) => {
            // A table without a row yet has no count yet.
            let begin = "INSERT INTO sqlite_sequence (name, seq) SELECT name, 0 FROM sqlite_schema \
                         WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%' \
                         AND name NOT IN (SELECT name FROM sqlite_sequence)";
            diesel::sql_query(begin).execute(c)?;
            let skip = diesel::sql_query("UPDATE sqlite_sequence SET seq = seq + $1");
            skip.bind::<BigInt, _>(SKIPPED).execute(c)?;
        }
        DbConnection::Postgres(c) => {
            let skip = diesel::sql_query(
                "SELECT setval(counter, nextval(counter) + $1) \
                 FROM (SELECT DISTINCT pg_get_serial_sequence(quote_ident(table_name), column_name) AS counter \
                       FROM information_schema.columns \
                       WHERE table_schema = current_schema() AND is_identity = 'YES') AS counters",
            );
            skip.bind::<BigInt, _>(SKIPPED).execute(c)?;
        }
    }
    Ok(())
}
