//! The page on which people read the API's document, flattened: references become names, types become words.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use serde_json::Value;

use crate::error::Result;
use crate::web::openapi::document;
use crate::web::page::{ApiDocsPage, ApiField, ApiGroup, ApiOperation, ApiParameter, ApiResponse, ApiSchema};
use crate::web::problem::{PageError, page};

/// `GET /api/docs`.
///
/// # Errors
/// If the page cannot be rendered.
pub async fn show() -> Result<HttpResponse, PageError> {
    page(&view()?)
}

fn view() -> Result<ApiDocsPage> {
    let document = serde_json::to_value(document())?;
    let groups = items(&document["tags"]).iter().map(|tag| ApiGroup {
        name: text(&tag["name"]),
        description: text(&tag["description"]),
        operations: operations(&document, &tag["name"]),
    });
    Ok(ApiDocsPage {
        title: text(&document["info"]["title"]),
        version: text(&document["info"]["version"]),
        description: text(&document["info"]["description"]),
        document_url: "/api/openapi.json".to_owned(),
        groups: groups.collect(),
        schemas: members(&document["components"]["schemas"])
            .map(|(name, schema)| ApiSchema {
                name: readable(name),
                description: describe(schema),
                fields: fields(&document, schema),
            })
            .collect(),
    })
}

fn operations(document: &Value, tag: &Value) -> Vec<ApiOperation> {
    let mut found = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for method in ["get", "post", "put", "delete"] {
            let operation = &item[method];
            if items(&operation["tags"]).contains(tag) {
                found.push(show_operation(document, method, path, operation));
            }
        }
    }
    found
}

fn show_operation(document: &Value, method: &str, path: &str, operation: &Value) -> ApiOperation {
    let parameters = items(&operation["parameters"]).iter().map(|parameter| ApiParameter {
        name: text(&parameter["name"]),
        location: text(&parameter["in"]),
        required: parameter["required"] == true,
        kind: kind(&parameter["schema"]),
        description: text(&parameter["description"]),
    });
    let responses = members(&operation["responses"]).map(|(status, response)| ApiResponse {
        status: status.to_owned(),
        description: text(&response["description"]),
    });
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    ApiOperation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        scope: text(&operation["security"][0]["key"][0]),
        parameters: parameters.collect(),
        request_fields: fields(document, resolve(document, body)),
        responses: responses.collect(),
    }
}

fn fields(document: &Value, schema: &Value) -> Vec<ApiField> {
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().flat_map(|part| fields(document, resolve(document, part))).collect();
    }
    let required = items(&schema["required"]);
    members(&schema["properties"])
        .map(|(name, field)| ApiField {
            name: name.to_owned(),
            kind: kind(field),
            required: required.iter().any(|word| word == name),
            description: describe(field),
        })
        .collect()
}

/// What a schema means; for a word, also what each of its values means.
fn describe(schema: &Value) -> String {
    let mut parts = vec![text(&schema["description"])];
    if schema["enum"].is_array() {
        parts.push(format!("One of {}.", words(&schema["enum"])));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

/// A type in words: `text`, `list of Topic`, `whole number or nothing`.
fn kind(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return readable(name);
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let choices: Vec<String> = choices.iter().map(kind).collect();
        return choices.join(" or ");
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let words: Vec<String> = types.into_iter().map(|name| word_for(name, schema)).collect();
    if words.is_empty() { "anything".to_owned() } else { words.join(" or ") }
}

fn word_for(name: &str, schema: &Value) -> String {
    match (name, schema["format"].as_str()) {
        ("string", Some("date-time")) => "moment".to_owned(),
        ("string", Some("uuid")) => "UUID".to_owned(),
        ("string", Some("binary")) => "octets".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => "whole number".to_owned(),
        ("boolean", _) => "true or false".to_owned(),
        ("null", _) => "nothing".to_owned(),
        ("array", _) => format!("list of {}", kind(&schema["items"])),
        ("object", _) if schema["additionalProperties"].is_object() => {
            format!("map of {}", kind(&schema["additionalProperties"]))
        }
        (other, _) => other.to_owned(),
    }
}

fn words(list: &Value) -> String {
    items(list).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    reference(schema).map_or(schema, |name| &document["components"]["schemas"][name])
}

/// `Page_Brand` as people read it: `Page of Brand`.
fn readable(name: &str) -> String {
    name.replace('_', " of ")
}

/// A text as a page shows it: what the document marks as code stands between quotation marks.
fn text(value: &Value) -> String {
    let mut shown = String::new();
    for (number, part) in value.as_str().unwrap_or_default().split('`').enumerate() {
        match number % 2 {
            _ if number == 0 => {}
            1 => shown.push('\u{201c}'),
            _ => shown.push('\u{201d}'),
        }
        shown.push_str(part);
    }
    shown
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let sorted: BTreeMap<&str, &Value> =
        value.as_object().into_iter().flatten().map(|(name, member)| (name.as_str(), member)).collect();
    sorted.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::page::render;
    use serde_json::json;

    #[test]
    fn the_page_shows_every_operation_with_its_scope() {
        let view = view().unwrap();
        let shown: usize = view.groups.iter().map(|group| group.operations.len()).sum();
        let there = crate::web::table().iter().filter(|entry| entry.path.starts_with("/api/v1/")).count();
        assert_eq!(shown, there);
        let html = render(&view).unwrap();
        assert!(html.contains("The key needs the scope <code>catalog</code>"));
        assert!(!html.contains("<script"));
    }

    #[test]
    fn what_is_marked_as_code_is_quoted() {
        assert_eq!(text(&json!("`a` and `b`, c")), "\u{201c}a\u{201d} and \u{201c}b\u{201d}, c");
        assert_eq!(text(&json!("plain")), "plain");
    }

    #[test]
    fn types_are_said_in_words() {
        assert_eq!(kind(&json!({"type": ["string", "null"], "format": "date-time"})), "moment or nothing");
        let list = json!({"type": "array", "items": {"$ref": "#/components/schemas/Page_Brand"}});
        assert_eq!(kind(&list), "list of Page of Brand");
        assert_eq!(
            kind(&json!({"type": "object", "additionalProperties": {"type": "integer"}})),
            "map of whole number"
        );
    }
}
