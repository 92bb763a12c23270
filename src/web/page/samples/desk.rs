//! Samples of what operators and programmers see.

use super::*;

pub(in crate::web::page) fn api_docs() -> ApiDocsPage {
    let field = ApiField {
        name: "name".into(),
        kind: "string".into(),
        required: true,
        description: "The name.".into(),
    };
    let operation = ApiOperation {
        method: "POST".into(),
        path: "/api/v1/campaigns/{id}/schedule".into(),
        summary: "Schedule a campaign".into(),
        description: "It is planned and sent at the given time.".into(),
        scope: "campaigns:send".into(),
        parameters: vec![ApiParameter {
            name: "id".into(),
            location: "path".into(),
            required: true,
            kind: "uuid".into(),
            description: "The campaign.".into(),
        }],
        request_fields: vec![field.clone()],
        responses: vec![ApiResponse { status: "202".into(), description: "It is scheduled.".into() }],
    };
    let list = ApiOperation {
        method: "GET".into(),
        path: "/api/v1/campaigns".into(),
        summary: "List campaigns".into(),
        ..operation.clone()
    };
    let delete = ApiOperation {
        method: "DELETE".into(),
        path: "/api/v1/campaigns/{id}".into(),
        summary: "Delete a draft".into(),
        ..operation.clone()
    };
    ApiDocsPage {
        title: "Mannerly API".into(),
        version: "1".into(),
        description: "All requests carry an API key.\n\nLists are paged.".into(),
        document_url: "/api/openapi.json".into(),
        groups: vec![ApiGroup {
            name: "Campaigns".into(),
            description: "From draft to report.".into(),
            operations: vec![list, operation, delete],
        }],
        schemas: vec![ApiSchema {
            name: "Campaign".into(),
            description: "One message.".into(),
            fields: vec![field],
        }],
    }
}

pub(in crate::web::page) fn demo_mail() -> DemoMailPage {
    DemoMailPage {
        subject: "Buses that come on time".into(),
        headers: vec![
            Fact::new("From", "Civic Notes <news@civic.example.com>"),
            Fact::new("List-Unsubscribe", "<http://127.0.0.1:8080/u/abc>"),
        ],
        text: find_links("Dear Jo,\n\nread on: http://127.0.0.1:8080/c/abc.\n"),
        html_url: "/demo/mail/1.eml/html".into(),
        raw_url: "/demo/mail/1.eml".into(),
        list_url: "/demo/mail".into(),
    }
}

pub(in crate::web::page) fn report() -> ReportPage {
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
        css: "",
    }
}
