//! Every row of every table as text: the way to show that a request changed nothing at all.

use diesel::prelude::*;
use diesel::sql_types::Text;
use mannerly::db::DbConnection;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(conn: &mut DbConnection, sql: String) -> Vec<String> {
    let lines: Vec<Line> = match conn {
        DbConnection::Sqlite(c) => diesel::sql_query(sql).load(c),
        DbConnection::Postgres(c) => diesel::sql_query(sql).load(c),
    }
    .unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

/// All rows, by table, in an order that does not depend on the database.
pub(crate) fn all_rows(conn: &mut DbConnection) -> Vec<String> {
    let tables = lines(
        conn,
        match conn {
            DbConnection::Sqlite(_) => {
                "SELECT name AS line FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            }
            DbConnection::Postgres(_) => {
                "SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
            }
        }
        .to_owned(),
    );
    tables.iter().flat_map(|table| rows(conn, table)).collect()
}

fn rows(conn: &mut DbConnection, table: &str) -> Vec<String> {
    let sql = match conn {
        DbConnection::Sqlite(_) => {
            let columns =
                lines(conn, format!("SELECT name AS line FROM pragma_table_info('{table}') ORDER BY cid"));
            let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
            format!(
                "SELECT '{table}: ' || {} AS line FROM \"{table}\" ORDER BY 1",
                quoted.join(" || ', ' || ")
            )
        }
        DbConnection::Postgres(_) => {
            format!("SELECT '{table}: ' || t::text AS line FROM \"{table}\" t ORDER BY 1")
        }
    };
    lines(conn, sql)
}
