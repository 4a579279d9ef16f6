//! The OpenAPI document: committed, and true.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestServer, encoded};

/// Set to write the document anew.
const UPDATE: &str = "FLOWGLASS_UPDATE";

#[test]
fn the_committed_document_is_the_routes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/openapi.json");
    let made = flowglass_server::openapi::json();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "docs/reference/openapi.json is not what the routes say; run this test with {UPDATE}=1"
    );
}

/// Checks a value against a schema of the document; the part of JSON Schema that the document uses.
fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target =
            document.pointer(reference.trim_start_matches('#')).ok_or(format!("{at}: no {reference}"))?;
        return check(document, target, value, at);
    }
    for name in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[name].as_array() {
            let tried: Vec<_> = choices.iter().map(|choice| check(document, choice, value, at)).collect();
            let fit = tried.iter().filter(|tried| tried.is_ok()).count();
            return if fit > 0 { Ok(()) } else { Err(format!("{at}: none fits {value}: {tried:?}")) };
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check(document, part, value, at)?;
    }
    if let Some(allowed) = schema["enum"].as_array() {
        return if allowed.contains(value) {
            Ok(())
        } else {
            Err(format!("{at}: {value} is none of {allowed:?}"))
        };
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let whole = kind == "integer" && kinds.contains(&"number");
    if !kinds.contains(&kind) && !whole {
        return Err(format!("{at}: {value} is no {kinds:?}"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(document, &schema["items"], item, &format!("{at}[{index}]"))?;
    }
    let Some(members) = value.as_object() else { return Ok(()) };
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(required) {
            return Err(format!("{at}: {required} is missing"));
        }
    }
    for (name, member) in members {
        match &schema["properties"][name] {
            Value::Null if schema["additionalProperties"] == json!(false) => {
                return Err(format!("{at}: {name} is not said"));
            }
            Value::Null => {}
            property => check(document, property, member, &format!("{at}.{name}"))?,
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_fit_the_document() {
    let server = TestServer::start().await;
    let document = server.get("/api/v1/openapi.json").await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let id = server.get("/api/v1/search?query=port:3000&limit=1").await["rows"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ssh = encoded("target_port:22 -initiator_ip:1.2.3.4");
    let mut asked = Vec::new();
    for (route, rest) in [
        ("/api/v1/search", "?limit=2".to_owned()),
        ("/api/v1/search", "?query=port:9&from=2020-06-04&to=2020-06-05".to_owned()),
        ("/api/v1/search", format!("?query={ssh}&fields=time,bytes_from_target&last=1h")),
        ("/api/v1/count", "?query=port:9".to_owned()),
        ("/api/v1/histogram", "?split=action".to_owned()),
        ("/api/v1/histogram", "?query=port:9&from=2020-06-04&to=2020-06-05&by=1h".to_owned()),
        (
            "/api/v1/group",
            "?by=action,time:1h,target_port&aggregates=packets,avg(target_port),min(time)".to_owned(),
        ),
        ("/api/v1/group", "?by=action&from=2020-06-04&to=2020-06-05&compare=previous".to_owned()),
        ("/api/v1/top", "?field=initiator_ip".to_owned()),
        ("/api/v1/top", "?field=was_initiated".to_owned()),
        ("/api/v1/facets", "?fields=time,extra,action".to_owned()),
        ("/api/v1/connections", String::new()),
        ("/api/v1/connections/{row}", format!("/{id}")),
        ("/api/v1/rows/{row}", format!("/{id}")),
        ("/api/v1/rows/{row}/record", format!("/{id}/record")),
        ("/api/v1/fields", String::new()),
        ("/api/v1/names", String::new()),
        ("/api/v1/range", "?text=last+6h".to_owned()),
        ("/api/v1/complete", "?query=action:".to_owned()),
        ("/api/v1/complete", "?query=initiator_ip:".to_owned()),
        ("/api/v1/explain", format!("?query={ssh}")),
        ("/api/v1/explain", "?query=(".to_owned()),
        ("/api/v1/coverage", "?from=2020-06-04T11:00:00Z&to=2020-06-04T13:00:00Z".to_owned()),
        ("/api/v1/lake", String::new()),
        ("/api/v1/lake/version", String::new()),
        ("/api/v1/objects", String::new()),
        ("/api/v1/activity", "?minutes=5".to_owned()),
        ("/api/v1/vnics", String::new()),
        ("/api/v1/quarantine", String::new()),
        ("/api/v1/health/live", String::new()),
        ("/api/v1/health/ready", String::new()),
    ] {
        let path = format!("{}{rest}", route.split("/{").next().unwrap());
        let answer = server.get(&path).await;
        fits(&document, route, "get", "200", &answer);
        asked.push(route);
    }
    let (_, answer) =
        server.post("/api/v1/sql", &json!({"statement": "SELECT *, 1.5 AS half FROM flows"})).await;
    fits(&document, "/api/v1/sql", "post", "200", &answer);
    let (_, answer) = server.post("/api/v1/search", &json!({})).await;
    fits(&document, "/api/v1/search", "post", "200", &answer);
    let (_, answer) = server.post("/api/v1/group", &json!({})).await;
    fits(&document, "/api/v1/group", "post", "200", &answer);
    for path in [
        "/api/v1/search?query=(",
        "/api/v1/rows/00000000000000000000000000000000-0",
        "/api/v1/search?limit=x",
    ] {
        let problem = crate::support::read(server.response(path).await).await.1;
        check(&document, &document["components"]["schemas"]["Problem"], &problem, path).unwrap();
    }
    // Every route is asked by this test, or it is one whose answer is no JSON or needs more than this server.
    asked.extend(["/api/v1/sql", "/api/v1/tail", "/metrics", "/api/v1/quarantine/retry"]);
    for route in document["paths"].as_object().unwrap().keys() {
        assert!(asked.contains(&route.as_str()), "nobody asks {route}");
    }
}

fn fits(document: &Value, route: &str, method: &str, status: &str, answer: &Value) {
    let schema =
        &document["paths"][route][method]["responses"][status]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{method} {route} {status} is not described");
    check(document, schema, answer, route).unwrap_or_else(|error| panic!("{error}\nin {answer}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_there() {
    let server = TestServer::start().await;
    let document = server.get("/api/v1/openapi.json").await;
    for (route, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let response = server.request(method.clone(), &route.replace("{row}", "x")).send().await.unwrap();
            assert!(
                ![404, 405].contains(&response.status().as_u16()),
                "{method} {route}: {}",
                response.status()
            );
        }
    }
}
