//! Hosts at which a brand is alone: pages of other brands are not found there. A brand without any shares its host
//! with whoever else has it in their base URL.

use diesel::prelude::*;
use url::{Host, Url};

use crate::db::DbConnection;
use crate::db::schema::{brand as brand_table, brand_host};
use crate::domain::catalog::Brand;
use crate::error::{Error, Problem, Result};

/// How many hosts one brand may have.
const HOSTS_MAX: usize = 20;

/// Checks hosts and writes them as they are compared: in lower case and in A-labels. `base_url` is where the brand's
/// letters lead, so its host has to be among them.
///
/// # Errors
/// What is wrong; the problem's field is `hosts`.
pub(super) fn check(hosts: &[String], base_url: &str) -> Result<Vec<String>, Problem> {
    let problem = |detail: &str| Err(Problem::new("hosts", detail));
    let mut checked = Vec::with_capacity(hosts.len());
    for host in hosts {
        match Host::parse(host.trim()) {
            Ok(Host::Domain(name)) if name.contains('.') && !name.ends_with('.') => checked.push(name),
            _ => {
                return problem(
                    "Enter names of hosts, such as news.brand.example, without https:// and without a port",
                );
            }
        }
    }
    checked.sort_unstable();
    checked.dedup();
    if checked.len() > HOSTS_MAX {
        return problem("A brand has at most 20 hosts of its own");
    }
    match of_url(base_url) {
        Some(own) if !checked.is_empty() && !checked.contains(&own) => {
            problem("The host of base_url has to be among them: the links in letters lead there")
        }
        _ => Ok(checked),
    }
}

/// The host of an address, as it is compared.
fn of_url(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// The hosts of a brand, in order.
///
/// # Errors
/// Of the database.
pub fn of_brand(conn: &mut DbConnection, brand: i64) -> Result<Vec<String>> {
    Ok(brand_host::table
        .filter(brand_host::brand_id.eq(brand))
        .order(brand_host::host)
        .select(brand_host::host)
        .load(conn)?)
}

/// Replaces the hosts of a brand.
///
/// # Errors
/// [`Error::Invalid`] if another brand has one of them, or has its pages there, or is alone where this one has them.
pub(super) fn replace(conn: &mut DbConnection, brand: &Brand, hosts: &[String]) -> Result<()> {
    let others: Vec<(String, String)> = brand_table::table
        .filter(brand_table::id.ne(brand.id))
        .select((brand_table::slug, brand_table::base_url))
        .load(conn)?;
    for host in hosts {
        if owner(conn, host)?.is_some_and(|owner| owner != brand.id) {
            return Err(Error::invalid("hosts", format!("{host} is another brand's")));
        }
        if let Some((slug, _)) = others.iter().find(|(_, url)| of_url(url).as_ref() == Some(host)) {
            return Err(Error::invalid(
                "hosts",
                format!("{host} is where {slug} has its pages; change its base_url first"),
            ));
        }
    }
    if let Some(own) = of_url(&brand.base_url)
        && owner(conn, &own)?.is_some_and(|owner| owner != brand.id)
    {
        return Err(Error::invalid("base_url", format!("{own} is another brand's own host")));
    }
    diesel::delete(brand_host::table.filter(brand_host::brand_id.eq(brand.id))).execute(conn)?;
    for host in hosts {
        diesel::insert_into(brand_host::table)
            .values((brand_host::host.eq(host), brand_host::brand_id.eq(brand.id)))
            .execute(conn)?;
    }
    Ok(())
}

/// The brand that is alone at a host, as a request names it: with or without a port, in any case.
///
/// # Errors
/// Of the database.
pub fn owner(conn: &mut DbConnection, host: &str) -> Result<Option<i64>> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    Ok(brand_host::table.find(name).select(brand_host::brand_id).first(conn).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_and_the_base_url_leads_to_one_of_them() {
        let given = [
            "News.Brand.example".to_owned(),
            "b\u{fc}cher.example".to_owned(),
            "news.brand.example".to_owned(),
        ];
        let wanted = ["news.brand.example", "xn--bcher-kva.example"];
        assert_eq!(check(&given, "https://news.brand.example").unwrap(), wanted);
        assert!(check(&given, "https://other.example").is_err());
        assert!(check(&[], "https://other.example").unwrap().is_empty());
        for wrong in [
            "",
            "localhost",
            "https://a.example",
            "a.example:443",
            "a.example/b",
            "127.0.0.1",
            "[::1]",
            "a b.example",
        ] {
            assert!(check(&[wrong.to_owned()], "https://a.example").is_err(), "{wrong}");
        }
    }
}
