//! What is sent is what the library of Standard Webhooks takes. It is skipped, and says so, where the library cannot
//! be installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::port::Clock as _;
use store::clock::System;
use testkit::Frozen;

use crate::receiver::Receiver;
use crate::world::{SECRET, World};

const VERIFY: &str = "
import json, sys
from standardwebhooks import Webhook, WebhookVerificationError
secret, headers, body = json.load(sys.stdin)
assert Webhook(secret).verify(body, headers)['type'] == 'changes.available'
for changed in (body + ' ', body.replace('news', 'fake')):
    try:
        Webhook(secret).verify(changed, headers)
    except WebhookVerificationError:
        continue
    sys.exit('a changed text was taken')
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

#[tokio::test]
async fn the_library_of_the_standard_takes_what_is_sent() {
    let Some(python) = python() else {
        eprintln!("SKIPPED: PyPI's standardwebhooks cannot be installed");
        return;
    };
    let receiver = Receiver::start().await;
    // The library compares with the time of day.
    let world = World::at(&receiver.origin, &receiver.origin, Frozen::at(System.now())).await;
    world.announce().await;
    world.pass(1, 1).await;
    let received = &receiver.received()[0];
    let secret = format!("whsec_{}", STANDARD.encode(SECRET.reveal()));
    let given = serde_json::json!([secret, received.headers, received.body]).to_string();
    let mut given_file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut given_file, given.as_bytes()).unwrap();
    let input = given_file.reopen().unwrap();
    let shown = Command::new(python).args(["-c", VERIFY]).stdin(input).output().unwrap();
    let errors = String::from_utf8_lossy(&shown.stderr);
    assert!(shown.status.success() && shown.stdout == b"verified\n", "{errors}");
}
