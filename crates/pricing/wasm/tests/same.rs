//! WebAssembly and native code compute the same, bit for bit. Prints the size of the module.
#![expect(clippy::disallowed_methods, reason = "a build has to know where cargo keeps its sources")]

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::process::Command;

use model::{Epoch, PriceClass, PublishedEpoch};
use pricing::EpochUse;
use pricing::history::{encode, first_epoch, next_epoch};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use wasmi::{Engine, Instance, Linker, Module, Store, WasmParams, WasmResults};

const TARGET: &str = "wasm32-unknown-unknown";

/// Where it is built.
const TARGET_FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/wasm");

/// The module there.
const MODULE: &str = "wasm32-unknown-unknown/wasm/pricing_wasm.wasm";

/// The largest that the module may be, in bytes.
const SIZE_MAX: usize = 60_000;

/// The instance that a client has.
struct Client {
    store: Store<()>,
    instance: Instance,
}

impl Client {
    fn new(module: &[u8]) -> Client {
        let engine = Engine::default();
        let module = Module::new(&engine, module).expect("a module");
        let mut store = Store::new(&engine, ());
        let linker = Linker::new(&engine);
        let instance = linker.instantiate_and_start(&mut store, &module).expect("no imports");
        Client { store, instance }
    }

    /// Calls an export. The module has no imports and does not panic, so that nothing fails.
    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, parameters: P) -> R {
        let export = self.instance.get_typed_func::<P, R>(&self.store, name);
        export.expect("it is exported").call(&mut self.store, parameters).expect("it returns")
    }

    fn recompute(&mut self, bytes: &[u8], known: u32) -> i64 {
        let at: u32 = self.call("reserve", u32::try_from(bytes.len()).expect("a short history"));
        let memory = self.instance.get_memory(&self.store, "memory").expect("it is exported");
        memory.write(&mut self.store, at as usize, bytes).expect("it is reserved");
        self.call("recompute", known)
    }

    fn index_of(&mut self, excess: u64) -> u64 {
        self.call("index_of", excess)
    }
}

/// Builds the module. `None`, with the reason, where Rust cannot build for WebAssembly here.
fn module() -> Option<Vec<u8>> {
    let rustc =
        Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    let folder = rustc.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    if !folder.is_some_and(|folder| PathBuf::from(folder.trim()).is_dir()) {
        println!("SKIPPED: Rust has no target {TARGET} here: infra/setup.sh wasm adds it");
        return None;
    }
    let target = TARGET_FOLDER;
    let built = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--quiet", "-p", "pricing-wasm"])
        .args(["--profile", "wasm", "--target", TARGET, "--target-dir", target])
        .env("CARGO_ENCODED_RUSTFLAGS", remapped().join("\u{1f}"))
        .status()
        .expect("cargo runs");
    assert!(built.success(), "the module cannot be built");
    let path = PathBuf::from(target).join(MODULE);
    Some(std::fs::read(path).expect("the module was built"))
}

/// Options that leave the paths of this machine out of the module, so that it is the same wherever it is built.
fn remapped() -> Vec<String> {
    let (manifests, cargo) = (env!("CARGO_MANIFEST_DIR"), std::env::var("CARGO_HOME"));
    let home = std::env::var("HOME").unwrap_or_default();
    let cargo = PathBuf::from(cargo.unwrap_or_else(|_| format!("{home}/.cargo")));
    let registries = std::fs::read_dir(cargo.join("registry/src"));
    let folders = registries.into_iter().flatten().flatten().map(|folder| folder.path());
    let workspace = PathBuf::from(manifests).join("../../..");
    folders
        .chain(workspace.canonicalize())
        .map(|folder| format!("--remap-path-prefix={}=", folder.display()))
        .collect()
}

/// The module that is served.
const SERVED: &[u8] = include_bytes!("../recompute.wasm");

/// A history of random uses, targets and gaps.
fn histories() -> impl Strategy<Value = Vec<PublishedEpoch>> {
    let epoch = (0u64..400, 1u64..200, 1u32..4);
    proptest::collection::vec(epoch, 1..60).prop_map(|epochs| {
        let target = |units| NonZeroU64::new(units).expect("not 0");
        let mut history = vec![first_epoch(PriceClass::Stream, Epoch::new(7), target(100))];
        for (used, units, gap) in epochs {
            let epoch = history.last().expect("the first").epoch.after(gap);
            let recent = EpochUse { used, target: target(units) };
            history.push(next_epoch(&history, epoch, recent).expect("it follows"));
        }
        history
    })
}

fn bytes(history: &[PublishedEpoch]) -> Vec<u8> {
    history.iter().flat_map(encode).collect()
}

#[test]
fn webassembly_recomputes_what_native_code_published() {
    let Some(module) = module() else { return };
    // What another compiler made of it has other bytes, and does the same.
    if module != SERVED {
        println!("to be served, if the formula changed: {TARGET_FOLDER}/{MODULE}");
        is_same(&module);
    }
}

#[test]
fn the_module_that_is_served_does_the_same() {
    is_same(SERVED);
}

fn is_same(module: &[u8]) {
    println!("the module has {} bytes", module.len());
    assert!(module.len() <= SIZE_MAX, "{} bytes", module.len());
    let client = std::cell::RefCell::new(Client::new(module));
    let changes = (any::<prop::sample::Index>(), 1u8.., 0u32..70);
    let epochs = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let same = runner.run(&(histories(), changes), |(history, (at, change, known))| {
        let client = &mut *client.borrow_mut();
        epochs.set(epochs.get() + history.len());
        let mut bytes = bytes(&history);
        let right = client.recompute(&bytes, 0);
        prop_assert!(right >= 0);
        prop_assert_eq!(right, pricing_wasm::verdict(&bytes, 0));
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        prop_assert_eq!(client.recompute(&bytes, known), pricing_wasm::verdict(&bytes, known));
        Ok(())
    });
    same.expect("the same verdicts");
    for excess in (0..=181u64 << 32).step_by(77_777_777).chain([u64::MAX]) {
        assert_eq!(client.borrow_mut().index_of(excess), pricing_wasm::index_of(excess));
    }
    println!("{} epochs of 300 histories, whole and changed, are the same", epochs.get());
}

#[test]
fn a_verdict_counts_or_names_the_first_wrong_epoch() {
    let target = NonZeroU64::new(100).unwrap();
    let mut history = vec![first_epoch(PriceClass::Stream, Epoch::new(7), target)];
    let recent = EpochUse { used: 150, target };
    history.push(next_epoch(&history, Epoch::new(10), recent).unwrap());
    let whole = bytes(&history);
    assert_eq!(pricing_wasm::verdict(&whole, 0), (2 << 32) + 2);
    assert_eq!(pricing_wasm::verdict(&whole, 1), (2 << 32) + 1);
    assert_eq!(pricing_wasm::verdict(&whole, 3), -(8 << 32));
    assert_eq!(pricing_wasm::verdict(&whole[1..], 0), -(8 << 32));
    history[1].used += 1;
    assert_eq!(pricing_wasm::verdict(&bytes(&history), 0), -((4 << 32) + 10));
    assert_eq!(pricing_wasm::reserve(u32::MAX), 0);
    assert_ne!(pricing_wasm::reserve(100), 0);
    assert_eq!(pricing_wasm::recompute(0), -(8 << 32));
}
