//! Many rows into one table. On SQLite by statements of a few fixed lengths, each prepared once and found again by its
//! type: one with as many rows as there happen to be would be written and prepared anew each time, which costs more
//! than running it.

use std::marker::PhantomData;

use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl, SqliteConnection};

/// A row as SQLite takes it in; made by `bulk_row!`.
pub trait BulkRow {
    /// The same type without a lifetime: what a prepared statement is found by.
    type Place: 'static;
    /// The statement up to its values.
    const INTO: &'static str;
    /// What comes after them: what becomes of a row that is there already.
    const AFTER: &'static str;

    /// Hands over the values, in the order of the columns.
    ///
    /// # Errors
    /// If one of them cannot be written.
    fn values<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()>;
}

/// Says how a struct becomes a row: itself with and without a lifetime, its fields with their types in the order of the
/// columns, and what becomes of a row that is there already.
macro_rules! bulk_row {
    ($row:ty, $place:ty: $into:literal { $($field:ident: $kind:ty),+ $(,)? } $after:literal) => {
        impl $crate::db::BulkRow for $row {
            type Place = $place;
            const INTO: &'static str = $into;
            const AFTER: &'static str = $after;

            fn values<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::sqlite::Sqlite>,
            ) -> diesel::QueryResult<()> {
                let mut before = "(";
                $(
                    out.push_sql(std::mem::replace(&mut before, ", "));
                    out.push_bind_param::<$kind, _>(&self.$field)?;
                )+
                out.push_sql(")");
                Ok(())
            }
        }
    };
}

/// So many rows in one statement.
struct Insert<'a, R, const N: usize>(&'a [R; N]);

/// What a statement for so many rows is found by.
struct Place<R, const N: usize>(PhantomData<R>);

impl<R: BulkRow, const N: usize> QueryId for Insert<'_, R, N> {
    type QueryId = Place<R::Place, N>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R, const N: usize, Connection> RunQueryDsl<Connection> for Insert<'_, R, N> {}

impl<R: BulkRow, const N: usize> QueryFragment<Sqlite> for Insert<'_, R, N> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(R::INTO);
        out.push_sql(" VALUES ");
        for (place, row) in self.0.iter().enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            row.values(out.reborrow())?;
        }
        out.push_sql(R::AFTER);
        Ok(())
    }
}

/// Inserts all rows.
///
/// # Errors
/// Of the database.
pub fn insert<R: BulkRow>(conn: &mut SqliteConnection, rows: &[R]) -> QueryResult<()> {
    let rest = insert_by::<R, 64>(conn, rows)?;
    let rest = insert_by::<R, 16>(conn, rest)?;
    let rest = insert_by::<R, 4>(conn, rest)?;
    insert_by::<R, 1>(conn, rest)?;
    Ok(())
}

/// Inserts as many of the rows as go in by so many at once; returns the others.
fn insert_by<'a, R: BulkRow, const N: usize>(
    conn: &mut SqliteConnection,
    mut rows: &'a [R],
) -> QueryResult<&'a [R]> {
    while let Some((these, others)) = rows.split_first_chunk::<N>() {
        Insert(these).execute(conn)?;
        rows = others;
    }
    Ok(rows)
}
