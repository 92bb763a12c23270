//! The schema: migrations run up, down and up again, both databases have the tables that diesel believes in, and
//! shared SQL text binds its parameters in an order that SQLite understands.

use std::collections::BTreeMap;
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use mannerly::db::{DbConnection, migrate};

use crate::architecture::sources;
use crate::support::postgres;

/// A column: its name, the type as diesel calls it, and whether it can be empty.
type Column = (String, String, bool);
type Tables = BTreeMap<String, Vec<Column>>;

/// The tables as `src/db/schema.rs` has them.
fn believed() -> Tables {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db/schema.rs")).unwrap();
    let mut tables = Tables::new();
    for block in text.split("diesel::table! {").skip(1) {
        let lines: Vec<&str> = block.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let name = lines[0].split(' ').next().unwrap().to_owned();
        let columns = lines[1..].iter().take_while(|line| **line != "}").map(|line| {
            let (column, kind) = line.trim_end_matches(',').split_once(" -> ").unwrap();
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            (column.to_owned(), inner.unwrap_or(kind).to_owned(), inner.is_some())
        });
        tables.insert(name, columns.collect());
    }
    tables
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    column: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

/// The tables as the database has them, without those of the migrations and of the database itself.
fn real(connection: &mut DbConnection) -> Tables {
    let found: Vec<Found> = match connection {
        DbConnection::Sqlite(c) => diesel::sql_query(
            "SELECT m.name AS \"table\", t.name AS \"column\", t.\"notnull\" = 0 AS nullable,
                CASE WHEN t.pk > 0 AND t.type = 'INTEGER' THEN 'BIGINT' ELSE t.type END AS kind
             FROM sqlite_schema m JOIN pragma_table_info(m.name) t
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'
             ORDER BY m.name, t.cid",
        )
        .load(c),
        DbConnection::Postgres(c) => diesel::sql_query(
            "SELECT table_name::text AS \"table\", column_name::text AS \"column\",
                is_nullable = 'YES' AS nullable, upper(data_type::text) AS kind
             FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'
               AND NOT (SELECT relispartition FROM pg_class WHERE oid = format('%I.%I', table_schema, table_name)::regclass)
             ORDER BY table_name, ordinal_position",
        )
        .load(c),
    }
    .unwrap();
    let mut tables = Tables::new();
    for Found { table, column, kind, nullable } in found {
        let kind = match kind.as_str() {
            "BIGINT" => "BigInt",
            "INTEGER" => "Integer",
            "BOOLEAN" => "Bool",
            "TEXT" => "Text",
            "BLOB" | "BYTEA" => "Binary",
            "DOUBLE PRECISION" => "Double",
            other => other,
        };
        tables.entry(table).or_default().push((column, kind.to_owned(), nullable));
    }
    tables
}

fn up_down_up(connection: &mut DbConnection) {
    migrate::up(connection).unwrap();
    let first = real(connection);
    assert_eq!(first, believed());
    migrate::down(connection).unwrap();
    assert_eq!(real(connection), Tables::new());
    migrate::up(connection).unwrap();
    assert_eq!(real(connection), first);
}

#[test]
fn migrations_run_up_down_and_up_on_sqlite_and_make_the_schema_that_diesel_knows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("schema.db");
    up_down_up(&mut DbConnection::Sqlite(SqliteConnection::establish(file.to_str().unwrap()).unwrap()));
}

#[test]
fn migrations_run_up_down_and_up_on_postgres_and_make_the_schema_that_diesel_knows() {
    let database = postgres::TestDatabase::empty();
    up_down_up(&mut DbConnection::Postgres(PgConnection::establish(database.url()).unwrap()));
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[test]
fn a_new_database_of_a_test_is_migrated_and_empty() {
    let database = postgres::TestDatabase::migrated();
    let mut connection = PgConnection::establish(database.url()).unwrap();
    let counts: Vec<Count> =
        diesel::sql_query("SELECT count(*) AS count FROM subscriber").load(&mut connection).unwrap();
    assert_eq!(counts[0].count, 0);
}

/// The string literals of a source text, good enough for SQL: escapes stay as written, comments are left out.
fn literals(text: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let raw_marks = rest[..at].chars().rev().take_while(|c| *c == '#').count();
        let raw = rest[..at - raw_marks].ends_with('r');
        let tail = &rest[at..];
        rest = if tail.starts_with("//") {
            tail.find('\n').map_or("", |end| &tail[end..])
        } else if tail.starts_with("'\"'") || tail.starts_with("'\\\"'") {
            &tail[tail[1..].find('\'').unwrap() + 2..]
        } else if tail.starts_with('"') && raw {
            let close = format!("\"{}", "#".repeat(raw_marks));
            let end = tail[1..].find(&close).map_or(tail.len(), |end| end + 1);
            found.push(tail[1..end].to_owned());
            &tail[(end + close.len()).min(tail.len())..]
        } else if let Some(body) = tail.strip_prefix('"') {
            let mut escaped = false;
            let end = body.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let end = end.unwrap_or(body.len());
            found.push(body[..end].to_owned());
            body.get(end + 1..).unwrap_or_default()
        } else {
            &tail[1..]
        };
    }
    found
}

/// The numbers of the parameters in the order in which they first appear.
fn parameters(sql: &str) -> Vec<u32> {
    let mut numbers = Vec::new();
    for piece in sql.split('$').skip(1) {
        let digits: String = piece.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(number) = digits.parse()
            && !numbers.contains(&number)
        {
            numbers.push(number);
        }
    }
    numbers
}

#[test]
fn parameters_of_sql_text_first_appear_in_ascending_order() {
    assert_eq!(parameters("a = $2 AND b = $1 AND c = $2"), [2, 1]);
    assert_eq!(literals(r##"f("a\"$1", '"', r#"b"$2"#) // "c""##), ["a\\\"$1", "b\"$2"]);
    for (path, text) in sources() {
        for literal in literals(&text) {
            let numbers = parameters(&literal);
            let ascending = (1..=numbers.len() as u32).collect::<Vec<_>>();
            assert_eq!(numbers, ascending, "src/{path}: SQLite binds by appearance: {literal}");
        }
    }
}
