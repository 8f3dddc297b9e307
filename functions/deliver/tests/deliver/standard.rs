//! What is sent is what the library of Standard Webhooks takes, with the old secret and with the new one. It is skipped, and says so, where the library cannot
//! be installed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::WebhookSecret;
use model::port::Clock as _;
use store::clock::System;
use store::pg::webhook;
use testkit::Frozen;

use crate::receiver::Receiver;
use crate::world::{SECRET, World};

const VERIFY: &str = "
import json, sys
from standardwebhooks import Webhook, WebhookVerificationError
secrets, stranger, headers, body = json.load(sys.stdin)
assert len(headers['webhook-signature'].split(' ')) == len(secrets)
for secret in secrets:
    assert Webhook(secret).verify(body, headers)['type'] == 'changes.available'
for secret, text in [(stranger, body)] + [
        (secret, changed) for secret in secrets for changed in (body + ' ', body.replace('news', 'fake'))]:
    try:
        Webhook(secret).verify(text, headers)
    except WebhookVerificationError:
        continue
    sys.exit('a changed text, or another secret, was taken')
print('verified')
";

/// A Python with the library; `None` if it cannot be installed.
fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("venv-standardwebhooks");
    let python = folder.join("bin/python");
    let has = |python: &Path| {
        let shown = Command::new(python).args(["-c", "import standardwebhooks"]).output();
        shown.is_ok_and(|shown| shown.status.success())
    };
    if !has(&python) {
        Command::new("python3").args(["-m", "venv"]).arg(&folder).output().ok()?;
        let install = ["-m", "pip", "install", "--quiet", "standardwebhooks==1.0.1"];
        Command::new(&python).args(install).output().ok()?;
    }
    has(&python).then_some(python)
}

/// A secret as the gateway shows it.
fn shown(secret: &WebhookSecret) -> String {
    format!("whsec_{}", STANDARD.encode(secret.reveal()))
}

#[tokio::test]
async fn the_library_of_the_standard_takes_what_is_sent() {
    let Some(python) = python() else {
        // Not by `eprintln!`, which is shown of tests that fail only.
        let skipped =
            b"SKIPPED: no signature was verified: PyPI's standardwebhooks cannot be installed\n";
        std::io::stderr().write_all(skipped).unwrap();
        return;
    };
    let receiver = Receiver::start().await;
    // The library compares with the time of day.
    let world = World::at(&receiver.origin, &receiver.origin, Frozen::at(System.now())).await;
    let new = WebhookSecret::new([8; WebhookSecret::BYTES]);
    let sealed = world.sealed(&new);
    webhook::rotate(world.pg(), world.key(), &sealed, world.clock.now()).await.unwrap().unwrap();
    world.announce().await;
    world.pass(1, 1).await;
    let received = &receiver.received()[0];
    let stranger = WebhookSecret::new([9; WebhookSecret::BYTES]);
    let [old, new, stranger] = [SECRET, new, stranger].map(|secret| shown(&secret));
    let given = serde_json::json!([[old, new], stranger, received.headers, received.body]);
    let mut given_file = tempfile::NamedTempFile::new().unwrap();
    given_file.write_all(given.to_string().as_bytes()).unwrap();
    let input = given_file.reopen().unwrap();
    let verified = Command::new(python).args(["-c", VERIFY]).stdin(input).output().unwrap();
    let errors = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && verified.stdout == b"verified\n", "{errors}");
}
