//! Functions that answer HTTP.

use std::net::IpAddr;

use axum::Router;
use axum::http::Extensions;
use lambda_http::request::RequestContext;

use crate::FunctionFailure;

/// Answers every request of the HTTP API with this router. Returns only if the Runtime API fails.
pub async fn serve(router: Router) -> Result<(), FunctionFailure> {
    lambda_http::run(router).await.map_err(|error| FunctionFailure::new(error.to_string()))
}

/// From where a request comes, as the HTTP API says it in the request's context. Headers do not matter.
pub fn source_address(extensions: &Extensions) -> Option<IpAddr> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_ref()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_says_the_address_whatever_headers_say() {
        let event = std::fs::read_to_string("../../events/http-status.json");
        let mut event: serde_json::Value =
            serde_json::from_str(&event.expect("the golden event is there")).expect("it is JSON");
        event["headers"]["x-forwarded-for"] = "198.51.100.9".into();
        let request = lambda_http::request::from_str(&event.to_string()).expect("it is a request");
        let address = source_address(request.extensions()).expect("it has an address");
        assert_eq!(address.to_string(), "192.0.2.1");
        assert_eq!(source_address(&Extensions::new()), None);
    }
}
