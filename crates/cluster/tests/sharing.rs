//! One server per home, shared by all who enter, stopped by the last to leave.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use cluster::PgCluster;

const SETTINGS: &[(&str, &str)] = &[("fsync", "off"), ("shared_buffers", "16MB")];

fn socket(cluster: &PgCluster) -> PathBuf {
    let url = cluster.url("postgres");
    let host = url.split(' ').find_map(|part| part.strip_prefix("host="));
    let folder = host.expect("the connection string names the socket's folder");
    Path::new(folder).join(".s.PGSQL.5432")
}

#[test]
fn the_last_to_leave_stops_the_server_and_the_next_finds_the_data() {
    let home = tempfile::tempdir().unwrap();
    let first = PgCluster::enter(home.path(), SETTINGS).unwrap();
    let socket_path = socket(&first);
    let second = PgCluster::enter(home.path(), SETTINGS).unwrap();
    drop(first);
    assert!(UnixStream::connect(&socket_path).is_ok(), "the second still uses it");
    drop(second);
    assert!(UnixStream::connect(&socket_path).is_err(), "no process uses it");
    let again = PgCluster::enter(home.path(), SETTINGS).unwrap();
    assert_eq!(socket(&again), socket_path);
    assert!(UnixStream::connect(&socket_path).is_ok());
}

#[test]
fn two_homes_have_two_servers() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = PgCluster::enter(one.path(), SETTINGS).unwrap();
    let second = PgCluster::enter(other.path(), SETTINGS).unwrap();
    assert_ne!(socket(&first), socket(&second));
    assert!(UnixStream::connect(socket(&first)).is_ok());
    assert!(UnixStream::connect(socket(&second)).is_ok());
}
