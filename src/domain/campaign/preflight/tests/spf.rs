//! The records that an SPF record refers to.

use super::*;

#[test]
fn records_that_an_spf_record_refers_to_are_followed_and_what_is_wrong_there_is_a_warning() {
    let spf = || txt("in.brand.test");
    let too_many = "v=spf1 a mx a:b.test mx:c.test exists:%{i}.d.test ptr include:more.test -all";
    let table: Vec<Row<'_>> = vec![
        (spf(), vec![(spf(), "v=spf1 include:nothing.test -all")], vec![("spf_include_broken", Warning)]),
        (spf(), vec![(spf(), "v=spf1 redirect=nothing.test")], vec![("spf_include_broken", Warning)]),
        (
            spf(),
            vec![
                (spf(), "v=spf1 include:two.test -all"),
                (txt("two.test"), "v=spf1 mx -all"),
                (txt("two.test"), "v=spf1 a -all"),
            ],
            vec![("spf_include_broken", Warning)],
        ),
        (
            spf(),
            vec![
                (spf(), "v=spf1 include:one.test -all"),
                (txt("one.test"), "v=spf1 include:open.test -all"),
                (txt("open.test"), "v=spf1 +all"),
            ],
            vec![("spf_open", Warning)],
        ),
        (
            spf(),
            vec![(spf(), "v=spf1 redirect=open.test"), (txt("open.test"), "v=spf1 all")],
            vec![("spf_open", Warning)],
        ),
        (
            spf(),
            vec![(spf(), "v=spf1 redirect=loose.test"), (txt("loose.test"), "v=spf1 mx")],
            vec![("spf_without_end", Warning)],
        ),
        // Seven of its own, and three there.
        (spf(), vec![(spf(), too_many), (txt("more.test"), "v=spf1 a mx ptr ip4:192.0.2.1 -all")], vec![]),
        (
            spf(),
            vec![(spf(), too_many), (txt("more.test"), "v=spf1 a mx ptr exists:e.test -all")],
            vec![("spf_too_many_lookups", Warning)],
        ),
        // Round and round.
        (
            spf(),
            vec![
                (spf(), "v=spf1 include:one.test -all"),
                (txt("one.test"), "v=spf1 include:in.brand.test -all"),
            ],
            vec![("spf_too_many_lookups", Warning)],
        ),
        // Not read: the name is another for each mail, and nothing is behind an end.
        (spf(), vec![(spf(), "v=spf1 include:%{d}.test mx -all redirect=nothing.test")], vec![]),
    ];
    for (gone, there, expected) in table {
        let mut records = records();
        records.retain(|(question, record)| *question != gone || !record.starts_with("v=spf1"));
        records.extend(there.iter().map(|(question, record)| (question.clone(), (*record).to_owned())));
        assert_eq!(codes(&facts(), &records), expected, "{there:?}");
    }
}

#[test]
fn what_a_record_refers_to_and_nobody_answered_is_not_held_against_it() {
    let mut records = records();
    records.retain(|(question, _)| *question != txt("in.brand.test"));
    records.push((txt("in.brand.test"), "v=spf1 include:relay.test -all".into()));
    let mut answers = answers(&facts(), &records);
    answers.insert(txt("relay.test"), Err(Unanswered));
    let found: Vec<&str> = facts().findings(Some(&answers)).iter().map(|finding| finding.code).collect();
    assert_eq!(found, ["dns_unanswered"]);
}
