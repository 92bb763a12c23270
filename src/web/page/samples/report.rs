//! A campaign's report, filled with made-up data.

use super::super::*;

pub(super) fn report() -> ReportPage {
    let bar = |label: &str, value: &str, length, vague, interval| Bar {
        label: label.into(),
        value: value.into(),
        length,
        vague,
        interval,
    };
    let column = |left, height, vague| Column { left, width: 1.5, height, vague };
    ReportPage {
        campaign: "Buses that come on time".into(),
        lead: "The first letter left on 21 November 2026.".into(),
        alert: "Look where these people came from.".into(),
        facts: vec![Fact::new("Letters sent", "1,930")],
        sections: vec![ReportSection {
            id: "opens".into(),
            title: "Opens".into(),
            note: "40 of 100 measurable.".into(),
            charts: vec![
                Chart::Bars(Bars {
                    id: "opens-bars".into(),
                    title: "Opens".into(),
                    description: "40 of 100.".into(),
                    bars: vec![
                        bar("Rate", "40.0 %", 40.0, false, Some((30.9, 49.8))),
                        bar("Few", "<10", 3.0, true, None),
                        bar("Nobody", "0", 0.0, false, None),
                    ],
                }),
                Chart::Columns(Columns {
                    id: "opens-hours".into(),
                    title: "First opens by hour".into(),
                    description: "Hour 1: 30.".into(),
                    top: "top: 30".into(),
                    columns: vec![column(0.0, 140.0, false), column(2.08, 5.0, true)],
                    marks: vec![Mark { left: 0.0, text: "1st hour".into(), anchor: "start" }],
                }),
            ],
            tables: vec![ReportTable {
                caption: "Opens".into(),
                heads: vec!["What".into(), "People".into()],
                rows: vec![vec!["Opened".into(), "40".into()], vec!["Few".into(), "<10".into()]],
            }],
            folded: true,
        }],
        note: "Counts under 10 are shown as <10.".into(),
        back: Some(Link::new("/demo/report", "All reports", "")),
        css: "",
    }
}
