//! Lists by pages: an opaque cursor that new rows do not disturb, a `Link` to the next page (RFC 8288), no totals
//! (API-04).

use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How many items a page has if nothing is said, and at most.
const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// The `next` of the page before; the first page without it.
    after: Option<String>,
    /// How many items at most: 1 to 200, 50 if left out.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
}

/// A checked [`Paging`] of one list.
#[derive(Debug, Clone)]
pub struct Window {
    list: &'static str,
    /// The last row number of the page before, or 0.
    pub after: i64,
    limit: i64,
}

/// One page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items, in the order in which they were made.
    pub items: Vec<T>,
    /// The `after` of the next page; null on the last.
    pub next: Option<String>,
}

impl Paging {
    /// Checks it for the list of this name; a cursor of another list is refused.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn window(&self, list: &'static str) -> Result<Window> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Error::invalid("limit", "Ask for 1 to 200 items"));
        }
        let after = match &self.after {
            None => 0,
            Some(cursor) => read_cursor(list, cursor)
                .ok_or_else(|| Error::invalid("after", "Use the `next` of a page of this list"))?,
        };
        Ok(Window { list, after, limit })
    }
}

fn read_cursor(list: &str, cursor: &str) -> Option<i64> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?).ok()?;
    let row = text.strip_prefix(list)?.strip_prefix(':')?;
    row.parse().ok().filter(|row| *row > 0)
}

impl Window {
    /// How many rows to load: one more than the page has, to see whether there is a next one.
    pub fn rows(&self) -> i64 {
        self.limit + 1
    }

    /// The answer: `rows` of at most [`Window::rows`], each shown by `show`, numbered by `number`.
    pub fn page<R, T: Serialize>(
        &self,
        path: &str,
        mut rows: Vec<R>,
        number: impl Fn(&R) -> i64,
        show: impl Fn(R) -> T,
    ) -> HttpResponse {
        let size = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().filter(|_| more).map(number);
        let next = last.map(|row| BASE64URL_NOPAD.encode(format!("{}:{row}", self.list).as_bytes()));
        let mut response = HttpResponse::Ok();
        if let Some(next) = &next {
            response
                .insert_header((LINK, format!("<{path}?after={next}&limit={}>; rel=\"next\"", self.limit)));
        }
        response.json(Page { items: rows.into_iter().map(show).collect(), next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(after: Option<String>, limit: i64) -> Paging {
        Paging { after, limit: Some(limit) }
    }

    #[test]
    fn the_cursor_of_a_page_leads_to_the_next_and_fits_no_other_list() {
        let window = paging(None, 2).window("brands").unwrap();
        let answer = window.page("/api/v1/brands", vec![4, 7, 9], |row| *row, |row| row);
        let link = answer.headers().get(LINK).unwrap().to_str().unwrap().to_owned();
        let cursor = link.split(['=', '&']).nth(1).unwrap().to_owned();
        assert_eq!(paging(Some(cursor.clone()), 2).window("brands").unwrap().after, 7);
        assert!(paging(Some(cursor), 2).window("sources").is_err());
    }

    #[test]
    fn the_last_page_has_no_next() {
        let window = paging(None, 3).window("brands").unwrap();
        let answer = window.page("/api/v1/brands", vec![4, 7, 9], |row| *row, |row| row);
        assert!(!answer.headers().contains_key(LINK));
    }

    #[test]
    fn a_limit_out_of_bounds_and_a_foreign_cursor_are_refused() {
        for (after, limit) in [(None, 0), (None, 201), (Some("!"), 1), (Some("YnJhbmRzOi0x"), 1)] {
            assert!(paging(after.map(String::from), limit).window("brands").is_err(), "{after:?} {limit}");
        }
    }
}
