//! "Is one of these numbers" as a statement whose text is the same however many they are, so that it is prepared once
//! and found again. `eq_any` writes a placeholder for each number on SQLite and is prepared anew for each.

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Text};
use diesel::sqlite::Sqlite;
use diesel::{Connection, QueryResult};

use crate::db::DbConnection;

/// The backend behind the common connection.
type Either = <DbConnection as Connection>::Backend;

/// A condition made by [`among`].
#[derive(Debug, Clone, QueryId)]
pub struct Among<C> {
    column: C,
    json: String,
    array: String,
    least: i64,
    greatest: i64,
}

/// Whether `column`, which holds row numbers, is one of `numbers`.
pub fn among<C>(column: C, numbers: &[i64]) -> Among<C> {
    let mut listed = String::with_capacity(numbers.len() * 8);
    for number in numbers {
        if !listed.is_empty() {
            listed.push(',');
        }
        listed.push_str(&number.to_string());
    }
    Among {
        column,
        json: format!("[{listed}]"),
        array: format!("{{{listed}}}"),
        least: numbers.iter().copied().min().unwrap_or(i64::MAX),
        greatest: numbers.iter().copied().max().unwrap_or(i64::MIN),
    }
}

/// Each of these row numbers once, in order. Transactions that hold several rows take them like this, so that no two
/// wait for each other.
pub fn in_order(numbers: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut numbers: Vec<i64> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

impl<C> Among<C> {
    fn sqlite<'b, DB>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: Backend + HasSqlType<Text>,
        C: QueryFragment<DB>,
        String: ToSql<Text, DB>,
    {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" IN (SELECT value FROM json_each(");
        out.push_bind_param::<Text, String>(&self.json)?;
        out.push_sql("))");
        Ok(())
    }

    /// With the range that the numbers are in, although the list says it all: where the column is the second of an
    /// index, PostgreSQL may take a list for a filter and walk through all that the first column has, and does so while
    /// its statistics do not know of that yet, as those of a campaign that was planned just now. A range it always takes
    /// as a condition of the index.
    fn postgres<'b, DB>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: Backend + HasSqlType<Text> + HasSqlType<BigInt>,
        C: QueryFragment<DB>,
        String: ToSql<Text, DB>,
        i64: ToSql<BigInt, DB>,
    {
        out.push_sql("(");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" BETWEEN ");
        out.push_bind_param::<BigInt, i64>(&self.least)?;
        out.push_sql(" AND ");
        out.push_bind_param::<BigInt, i64>(&self.greatest)?;
        out.push_sql(" AND ");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ANY(CAST(");
        out.push_bind_param::<Text, String>(&self.array)?;
        out.push_sql(" AS BIGINT[])))");
        Ok(())
    }
}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Among<C> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.sqlite(out)
    }
}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for Among<C> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.postgres(out)
    }
}

impl<C: QueryFragment<Either>> QueryFragment<Either> for Among<C> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Either>) -> QueryResult<()> {
        match out.backend() {
            Either::Sqlite(_) => self.sqlite(out),
            Either::Postgres(_) => self.postgres(out),
        }
    }
}

impl<C: Expression> Expression for Among<C> {
    type SqlType = Bool;
}

impl<C: AppearsOnTable<Tables>, Tables> AppearsOnTable<Tables> for Among<C> where Self: Expression {}

impl<C: SelectableExpression<Tables>, Tables> SelectableExpression<Tables> for Among<C> where
    Self: AppearsOnTable<Tables>
{
}

impl<C: ValidGrouping<GroupBy>, GroupBy> ValidGrouping<GroupBy> for Among<C> {
    type IsAggregate = C::IsAggregate;
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::db::schema::delivery;

    #[test]
    fn the_text_is_the_same_for_any_number_of_numbers() {
        let text = |numbers: &[i64]| {
            let query = delivery::table.filter(among(delivery::subscriber_id, numbers)).count();
            (
                diesel::debug_query::<Sqlite, _>(&query).to_string().split(" -- ").next().map(str::to_owned),
                diesel::debug_query::<Pg, _>(&query).to_string().split(" -- ").next().map(str::to_owned),
            )
        };
        assert_eq!(text(&[]), text(&[1, 2, 3]));
    }
}
