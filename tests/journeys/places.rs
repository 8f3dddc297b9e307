//! Borg works in any folder, and with any environment variables of the user's own PostgreSQL.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::borg::Borg;

/// Imports two arcs and exports them.
fn works(borg: &Borg) {
    borg.write("good.tsv", "src\tdst\tweight\r\nann\tben\t1\r\nben\tcarl\t2\r\n");
    assert_eq!(borg.json(&["import", "good.tsv"])["arcs"], 2);
    let rows = borg.json(&["export", "arcs", "--out", "arcs.tsv"])["rows"].clone();
    let out = borg.read("arcs.tsv");
    assert_eq!((rows, out.lines().count()), (2.into(), 3), "{out}");
}

/// All that a name may have in it, and no syntax wants.
const ODD: &[u8] = b"-a='\"\\ $(x)`y`%20#?&*;~{},\xd0\xb6\n\t\xff";

fn places() -> Vec<PathBuf> {
    let deep = (0..8).map(|depth| format!("{depth}{}", "x".repeat(200))).collect();
    vec!["my projects".into(), "a,b".into(), OsStr::from_bytes(ODD).into(), deep]
}

#[test]
fn a_folder_may_have_any_name_for_an_unprivileged_user() {
    for place in places() {
        works(&Borg::new().within(&place).run_unprivileged());
    }
}

#[test]
fn a_folder_may_have_any_name_for_the_user_of_the_tests() {
    works(&Borg::new().within(Path::new(OsStr::from_bytes(ODD))));
}

#[test]
fn a_home_may_have_any_name_of_any_length() {
    let borg = Borg::new().with("BORG_HOME", OsStr::from_bytes(ODD));
    let long = format!("{}.TSV", "x".repeat(251));
    borg.write(&long, "src\tdst\nann\tben\n");
    borg.json(&["import", &long]);
    assert_eq!(borg.json(&["export", "arcs", "--out", &long])["rows"], 1);
    assert!(borg.path("").join(OsStr::from_bytes(ODD)).exists() && !borg.path(".borg").exists());
    let beside = std::fs::read_dir(borg.path("")).unwrap().count();
    assert_eq!(beside, 2, "nothing is left beside the export");
}

#[test]
fn settings_of_another_postgresql_are_ignored() {
    let variables = [
        ("PGPORT", "5433"),
        ("PGHOST", "/nowhere"),
        ("PGHOSTADDR", "192.0.2.1"),
        ("PGUSER", "another"),
        ("PGPASSWORD", "secret"),
        ("PGDATABASE", "other"),
        ("PGDATA", "/nowhere"),
        ("PGOPTIONS", "-c default_transaction_read_only=on"),
        ("PGSERVICE", "other"),
        ("PGSERVICEFILE", "/nowhere"),
        ("PGSSLMODE", "require"),
        ("PGDATESTYLE", "none"),
        ("PGCLIENTENCODING", "LATIN1"),
        ("PGTZ", "Nowhere/Land"),
        ("PGCTLTIMEOUT", "0"),
        ("PG_OOM_ADJUST_FILE", "/nowhere"),
        ("TZ", "Nowhere/Land"),
        ("LANG", "xx_YY.UTF-8"),
        ("LC_ALL", "xx_YY.LATIN1"),
        ("LC_MESSAGES", "none"),
    ];
    let borg = variables.iter().fold(Borg::new(), |borg, (name, value)| borg.with(name, value));
    works(&borg);
}

#[test]
fn a_database_url_that_cannot_be_read_is_refused() {
    let borg = Borg::new().with("DATABASE_URL", OsStr::from_bytes(b"postgres://\xff"));
    let error = borg.failure(&["status"]);
    assert!(error.contains("DATABASE_URL is not UTF-8"), "{error}");
    assert!(!borg.path(".borg").exists());
}
