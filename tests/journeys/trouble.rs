//! What a machine can do to a run: its disk is full, its PostgreSQL is killed. Nothing is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sample::{FaultSettings, RunningWeb};
use serde_json::Value;

use crate::borg::Borg;
use crate::crawling::{crawl, database, web, words};
use crate::scoring::two_cliques;
use crate::served::Served;

/// What keeps objects from being written: done in the shell before `borg score`, and words that
/// Borg must report. Limits are in KiB; their signal is ignored, so that they are errors.
const LIMITS: &[(&str, &[&str])] = &[
    ("trap '' XFSZ && ulimit -f 0", &["objects/runs/run_", "ulimit -f", "run it again"]),
    ("trap '' XFSZ && ulimit -f 1", &["objects/snapshots/snp_", "ulimit -f", "run it again"]),
];

/// As long as a crawl may take to get somewhere.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn a_score_that_cannot_write_objects_fails_and_the_previous_run_stays_served() {
    let borg = imported();
    let served = Served::start(&borg);
    for (limit, words) in LIMITS {
        let before = scored(&borg, &served);
        check_error(&borg.failure_after(limit, &["score"]), words);
        assert_eq!(served.get("/v1/communities").1, before, "after {limit}");
    }
    scored(&borg, &served);
}

#[test]
fn a_full_disk_is_reported_and_with_space_again_work_continues() {
    let borg = imported();
    let Some(disk) = SmallDisk::mount(borg.path(".borg/objects")) else { return };
    let served = Served::start(&borg);
    let before = scored(&borg, &served);
    disk.fill();
    let words = ["objects/runs/run_", "the disk is full", "free some space", "run it again"];
    check_error(&borg.failure(&["score"]), &words);
    assert_eq!(served.get("/v1/communities").1, before);
    disk.clear();
    scored(&borg, &served);
}

/// A home with a graph whose people need more than a KiB.
fn imported() -> Borg {
    let borg = Borg::new();
    // Cliques alone make a snapshot of less than a KiB.
    let fans: String =
        (0..1_500).map(|n| format!("{}\t{}\n", n * n * 31 % 601 + 200, n * 7_919 % 200)).collect();
    borg.write("arcs.tsv", two_cliques(100) + &fans);
    borg.json(&["import", "arcs.tsv"]);
    borg
}

/// How long a server may take to notice a new run: it remembers the served one for a second.
const SERVED_TRIES: u32 = 50;

/// Scores; what is served then.
fn scored(borg: &Borg, served: &Served) -> Value {
    let run = borg.json(&["score"])["run"].take();
    let is_served = |communities: &Value| communities["run"] == run;
    for _ in 0..SERVED_TRIES {
        let (status, communities) = served.get("/v1/communities");
        assert_eq!(status, 200, "{communities}");
        if is_served(&communities) {
            return communities;
        }
        sleep(Duration::from_millis(100));
    }
    panic!("{run} is not served");
}

fn check_error(error: &str, words: &[&str]) {
    for word in words {
        assert!(error.contains(word), "{error:?} lacks {word:?}");
        assert_eq!(error.matches(word).count(), 1, "{error:?}");
    }
}

/// A file system of a few pages, as long as this lives.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, loudly, where this process may not mount one.
    fn mount(place: PathBuf) -> Option<SmallDisk> {
        fs::create_dir_all(&place).expect("a folder can be made");
        let mount = ["-t", "tmpfs", "-o", "size=1m", "borg-test"];
        let mounted = Command::new("mount").args(mount).arg(&place).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(SmallDisk(place));
        }
        eprintln!("SKIPPED: a full disk: no file system can be mounted here");
        None
    }

    fn fill(&self) {
        // It ends at the last free byte, with an error.
        let _ = fs::write(self.0.join("filler"), vec![0; 2 << 20]);
    }

    fn clear(&self) {
        fs::remove_file(self.0.join("filler")).expect("a full disk gives files up");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_crawl_whose_postgresql_is_killed_waits_and_ends_in_the_same_database() {
    let web = web(300, FaultSettings::default());
    let args = crawl(&web);
    let (undisturbed, disturbed) = (Borg::new(), Borg::new());
    undisturbed.json(&words(&args));
    let whole = web.stats().requests();
    let mut child = disturbed.start(&words(&args));
    for third in 1..3 {
        wait_for(&web, whole + whole * third / 3, &mut child);
        kill_postgresql(&disturbed);
    }
    assert!(child.wait().expect("the crawl ends").success());
    assert_eq!(database(&disturbed), database(&undisturbed));
    assert_eq!(web.stats().windows_over_limit(), 0);
}

/// Waits until the web has counted this many requests.
fn wait_for(web: &RunningWeb, requests: u64, crawl: &mut Child) {
    let begun = Instant::now();
    while web.stats().requests() < requests {
        assert!(crawl.try_wait().expect("a child can be asked").is_none(), "the crawl goes on");
        assert!(begun.elapsed() < PATIENCE, "the crawl gets somewhere");
        sleep(Duration::from_millis(5));
    }
}

/// Kills the server of a home by SIGKILL.
fn kill_postgresql(borg: &Borg) {
    let home = borg.path(".borg");
    let base = match fs::read_to_string(home.join("cluster")) {
        Ok(id) => Path::new("/var/lib/borg").join(id.trim()),
        Err(_) => home.join("pg"),
    };
    let file = fs::read_to_string(base.join("data/postmaster.pid")).expect("PostgreSQL runs");
    let process = file.lines().next().expect("the first line is the process");
    let killed = Command::new("kill").args(["-9", process]).status();
    assert!(killed.expect("kill runs").success(), "PostgreSQL {process} runs");
}
