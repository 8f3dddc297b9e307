//! The API as tools for agents, over a socket, by the protocol's own client.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use api_gateway::{ClientAddress, RequestLimits, RequestRate};
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue};
use model::Scope;
use rmcp::model::{CallToolRequestParams, CallToolResult, ProtocolVersion, Tool};
use rmcp::service::RunningService;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientLifecycleMode, ClientServiceExt as _, RoleClient, ServiceExt as _};
use serde_json::{Value, json};

use crate::world::{Api, Reply};

/// An agent with the tools.
pub(crate) struct Agent {
    client: RunningService<RoleClient, ()>,
}

/// Serves the API; the address of its tools.
async fn serve(api: &Api) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let router = api.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/mcp")
}

/// How a client with this key and these headers reaches the tools.
async fn transport(
    api: &Api,
    key: Option<&str>,
    headers: &[(&'static str, &'static str)],
) -> StreamableHttpClientTransport<reqwest::Client> {
    let config = StreamableHttpClientTransportConfig::with_uri(serve(api).await);
    let config = match key {
        Some(key) => config.auth_header(key),
        None => config,
    };
    let header = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let headers: HashMap<_, _> = headers.iter().map(header).collect();
    StreamableHttpClientTransport::from_config(config.custom_headers(headers))
}

impl Agent {
    /// An agent with the key of the tests.
    pub(crate) async fn of(api: &Api) -> Agent {
        Agent::with(api, Some(&api.key), &[]).await
    }

    async fn with(api: &Api, key: Option<&str>, headers: &[(&'static str, &'static str)]) -> Agent {
        let transport = transport(api, key, headers).await;
        Agent { client: ().serve(transport).await.expect("it is initialized") }
    }

    async fn tools(&self) -> Vec<Tool> {
        self.client.list_all_tools().await.expect("tools are listed")
    }

    /// Calls a tool that is there.
    pub(crate) async fn call(&self, tool: &str, arguments: &Value) -> CallToolResult {
        let arguments = arguments.as_object().expect("arguments are an object").clone();
        let asked = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        self.client.call_tool(asked).await.expect("the tool is there")
    }
}

/// A call of a tool, and the request that it is.
pub(crate) struct Called {
    pub(crate) tool: &'static str,
    pub(crate) arguments: Value,
    path: String,
}

fn called(tool: &'static str, arguments: Value, path: impl Into<String>) -> Called {
    Called { tool, arguments, path: path.into() }
}

/// A call of every tool but `estimate`, with ids of the world.
pub(crate) fn calls(api: &Api) -> Vec<Called> {
    let (ada, acme, rust) = (api.person(0), api.person(2), api.world.rust);
    let by_id = |id: &dyn std::fmt::Display| json!({"id": id.to_string()});
    vec![
        called("search", json!({"q": "compilers"}), "/v1/search?q=compilers&limit=10"),
        called("suggest", json!({"q": "al"}), "/v1/suggest?q=al&limit=10"),
        called(
            "resolve_account",
            json!({"account": "bluesky:ada.example.org"}),
            "/v1/people:resolve?account=bluesky:ada.example.org",
        ),
        called("get_person", by_id(&ada), format!("/v1/people/{ada}")),
        called("list_person_ranks", by_id(&ada), format!("/v1/people/{ada}/ranks?limit=10")),
        called(
            "get_evidence",
            json!({"id": ada.to_string(), "community": rust.to_string()}),
            format!("/v1/people/{ada}/evidence?community={rust}"),
        ),
        called("person_history", by_id(&ada), format!("/v1/people/{ada}/history?limit=10")),
        called(
            "find_path",
            json!({"id": ada.to_string(), "to": acme.to_string()}),
            format!("/v1/people/{ada}/path?to={acme}"),
        ),
        called(
            "personal_rank",
            json!({"seeds": [ada.to_string()], "include_seeds": true, "limit": 3}),
            format!("/v1/people?view=personal&seeds={ada}&include_seeds=true&limit=3"),
        ),
        called("list_communities", json!({}), "/v1/communities?limit=10"),
        called("get_community", by_id(&rust), format!("/v1/communities/{rust}")),
        called(
            "list_community_people",
            json!({"id": rust.to_string(), "sort": "insider"}),
            format!("/v1/communities/{rust}/people?sort=insider&limit=10"),
        ),
        called(
            "community_lineage",
            by_id(&rust),
            format!("/v1/communities/{rust}/lineage?limit=10"),
        ),
        called("list_changes", json!({"kind": ["joined"]}), "/v1/changes?kind=joined&limit=10"),
        called("get_prices", json!({}), "/v1/prices"),
        called("get_balance", json!({}), "/v1/balance"),
    ]
}

/// What a result says in words.
fn said(result: &CallToolResult) -> &str {
    &result.content[0].as_text().expect("a result begins with a text").text
}

fn body(result: &CallToolResult) -> &Value {
    result.structured_content.as_ref().expect("a result is structured")
}

/// A message to the tools, as bytes.
async fn message(api: &Api, accept: &str, content: impl Into<Body>) -> Reply {
    let request = api.request("POST", "/mcp").header("host", "api.example.org");
    let request = request.header("accept", accept).header("content-type", "application/json");
    api.send(request, content.into()).await
}

const BOTH: &str = "application/json, text/event-stream";

fn tool_call(tool: &str, arguments: &Value) -> String {
    let params = json!({"name": tool, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string()
}

#[tokio::test]
async fn every_tool_is_listed_and_answers_as_its_route_for_the_same_price() {
    let mut api = Api::new().await;
    let agent = Agent::of(&api).await;
    let tools = agent.tools().await;
    let listed: BTreeSet<&str> = tools.iter().map(|tool| &*tool.name).collect();
    let tried: BTreeSet<&str> =
        calls(&api).iter().map(|call| call.tool).chain(["estimate"]).collect();
    assert_eq!(listed, tried);
    assert!(tools.iter().all(|tool| tool.description.is_some()));
    // An account of its own: the same request of the same account would be a replay.
    api.key = api.new_key("another", &Scope::ALL, 7).await.0;
    api.fund("another", "1000").await;
    let mut paid = 0;
    for Called { tool, arguments, path } in calls(&api) {
        let result = agent.call(tool, &arguments).await;
        assert_eq!(result.is_error, Some(false), "{tool}: {}", said(&result));
        let reply = api.get(&path).await;
        let answer = body(&result);
        if tool != "get_balance" {
            assert_eq!(answer["data"], reply.data(), "{tool}");
        }
        assert_eq!(answer["cost"], reply.header("borg-cost"), "{tool}");
        assert_eq!(
            answer["next_cursor"].is_null(),
            reply.json()["next_cursor"].is_null(),
            "{tool}"
        );
        assert!(serde_json::to_vec(&result).unwrap().len() <= 64 << 10, "{tool}");
        paid += usize::from(answer["cost"] != "0");
        let again = agent.call(tool, &arguments).await;
        assert_eq!(body(&again)["cost"], "0", "{tool} costs nothing again");
    }
    assert!(paid >= 10, "{paid} answers cost something");
}

#[tokio::test]
async fn an_estimate_is_what_a_call_then_costs() {
    let api = Api::new().await;
    let agent = Agent::of(&api).await;
    let before = api.available("tester").await;
    for Called { tool, arguments, .. } in calls(&api) {
        if tool == "get_prices" {
            continue;
        }
        let asked = json!({"tool": tool, "arguments": arguments});
        let estimate = agent.call("estimate", &asked).await;
        assert!(
            said(&estimate).starts_with(&format!("`{tool}` would cost ")),
            "{}",
            said(&estimate)
        );
        let spent = api.available("tester").await;
        assert_eq!(body(&estimate)["cost"], "0");
        let call = agent.call(tool, &arguments).await;
        let number = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
        let (cost, data) = (number(&body(&call)["cost"]), &body(&estimate)["data"]);
        assert!(
            number(&data["min"]) <= cost && cost <= number(&data["max"]),
            "{tool}: {cost} of {data}"
        );
        let left = spent.checked_sub(api.available("tester").await).unwrap();
        assert_eq!(left.to_string(), body(&call)["cost"].as_str().unwrap(), "{tool}");
    }
    assert!(api.available("tester").await < before);
}

#[tokio::test]
async fn a_bad_argument_is_named_and_costs_nothing() {
    let api = Api::new().await;
    let agent = Agent::of(&api).await;
    let ada = api.person(0).to_string();
    for (tool, arguments, named) in [
        ("search", json!({}), "q: is missing"),
        ("search", json!({"q": "a", "colour": "red"}), "colour"),
        ("search", json!({"q": "a", "limit": 51}), "limit: must be a whole number from 1 to 50"),
        ("search", json!({"q": "a", "type": "cat"}), "type"),
        ("search", json!({"q": {"word": "a"}}), "q: must be a single value"),
        ("search", json!({"q": api.key}), "key_in_url"),
        ("get_person", json!({"id": "com_1"}), "bad_id"),
        ("get_person", json!({"id": "../balance"}), "bad_id"),
        ("get_person", json!({"id": "per_zzzz"}), "person_unknown"),
        ("find_path", json!({"id": ada}), "to"),
        ("list_changes", json!({"kind": ["weather"]}), "weather"),
        ("estimate", json!({"tool": "revoke_key"}), "tool: `revoke_key`"),
        ("estimate", json!({"tool": "get_person", "arguments": {"id": "x"}}), "bad_id"),
    ] {
        let result = agent.call(tool, &arguments).await;
        assert_eq!(result.is_error, Some(true), "{tool} {arguments}");
        assert!(said(&result).contains(named), "{tool} {arguments}: {}", said(&result));
        let cost = result.structured_content.as_ref().map(|body| &body["cost"]);
        assert!(cost.is_none_or(|cost| cost == "0"), "{tool} {arguments}");
    }
    let unknown = CallToolRequestParams::new("revoke_key");
    let refused = agent.client.call_tool(unknown).await.unwrap_err().to_string();
    assert!(refused.contains("there is no tool `revoke_key`"), "{refused}");
}

#[tokio::test]
async fn tools_are_read_without_a_key_and_called_with_one() {
    let api = Api::new().await;
    let agent = Agent::with(&api, None, &[]).await;
    assert_eq!(agent.tools().await.len(), calls(&api).len() + 1);
    assert_eq!(agent.call("get_prices", &json!({})).await.is_error, Some(false));
    let refused = agent.call("search", &json!({"q": "ada"})).await;
    assert_eq!((refused.is_error, &body(&refused)["code"]), (Some(true), &json!("key_missing")));
    assert!(said(&refused).contains("Authorization: Bearer"), "{}", said(&refused));
    let (narrow, _) = api.new_key("tester", &[Scope::SearchRead], 8).await;
    let agent = Agent::with(&api, Some(&narrow), &[]).await;
    assert_eq!(agent.call("search", &json!({"q": "ada"})).await.is_error, Some(false));
    let refused = agent.call("get_balance", &json!({})).await;
    assert_eq!(body(&refused)["code"], "scope_missing");
}

#[tokio::test]
async fn what_a_client_says_of_money_holds_for_every_call() {
    let api = Api::new().await;
    let agent = Agent::with(&api, Some(&api.key), &[("borg-max-cost", "0.1")]).await;
    let refused = agent.call("search", &json!({"q": "compilers"})).await;
    assert_eq!(body(&refused)["code"], "price_exceeds_max");
    assert_eq!(body(&refused)["payment"]["available"], "0.1");
    assert_eq!(agent.call("suggest", &json!({"q": "al"})).await.is_error, Some(false));
}

#[tokio::test]
async fn the_revision_without_a_handshake_is_spoken_too() {
    let api = Api::new().await;
    let transport = transport(&api, Some(&api.key), &[]).await;
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    let mode = ClientLifecycleMode::Discover { preferred_versions };
    let client = ().serve_with_lifecycle(transport, mode).await.expect("it is discovered");
    let agent = Agent { client };
    assert_eq!(agent.tools().await.len(), calls(&api).len() + 1);
    let found = agent.call("search", &json!({"q": "lovelace"})).await;
    assert_eq!(body(&found)["data"][0]["person"]["name"], "Ada Lovelace");
}

#[tokio::test]
async fn the_endpoint_is_a_route_like_others() {
    let api = Api::new().await;
    let call = tool_call("search", &json!({"q": "compilers"}));
    let reply = message(&api, BOTH, call.clone()).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    assert_eq!(reply.json()["result"]["structuredContent"]["cost"], reply.header("borg-cost"));
    assert!(reply.header("borg-cost") != "0" && reply.header("borg-charge-id").starts_with("chg_"));
    assert!(reply.header("borg-request-id").starts_with("req_"));
    let refused = api.get("/mcp").await;
    assert_eq!((refused.status, refused.header("allow")), (405, "POST"));
    assert_eq!(message(&api, "text/html", call).await.status, 406);
    assert_eq!(message(&api, BOTH, " ".repeat(70_000)).await.status, 413);
    let broken = message(&api, BOTH, "{").await;
    assert!((400..500).contains(&broken.status), "{} {}", broken.status, broken.text);
}

#[tokio::test]
async fn an_address_is_limited_and_a_call_is_one_request() {
    let address = RequestRate { per_second: 1, burst: 2 };
    let limits = RequestLimits { address: Some(address), ..RequestLimits::NONE };
    let api = Api::with(limits).await;
    let call = tool_call("get_balance", &json!({}));
    for status in [200, 200, 429] {
        let from: IpAddr = "192.0.2.7".parse().unwrap();
        let request = api.request("POST", "/mcp").header("host", "api.example.org");
        let request = request.header("accept", BOTH).header("content-type", "application/json");
        let reply =
            api.send(request.extension(ClientAddress(from)), Body::from(call.clone())).await;
        assert_eq!(reply.status, status, "{}", reply.text);
    }
}
