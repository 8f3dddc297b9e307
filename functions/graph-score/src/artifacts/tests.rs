//! The bytes of every artifact. A change of one of them is a new version of artifacts.

use std::path::Path;

use model::port::Objects;
use store::objects::Folder;

use super::*;

/// What the version that wrote snapshots of format 1 sealed.
const SEALED: &str = "../../tests/compat/format-1/objects/runs/run_1";

#[tokio::test]
async fn artifacts_are_read_and_written_as_they_were() {
    let home = tempfile::tempdir().unwrap();
    let folder = Folder::open(home.path()).unwrap();
    for entry in std::fs::read_dir(Path::new(SEALED)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let key = artifact::key(RunId::new(1), name);
        folder.put(&key, std::fs::read(&path).unwrap()).await.unwrap();
    }
    let objects = ObjectStore::new(&folder);
    let [old, new] = [1, 2].map(|run| RunArtifacts { objects, run: RunId::new(run) });
    new.seal_settings(&old.settings().await.unwrap()).await.unwrap();
    new.seal_hierarchy(&old.hierarchy().await.unwrap()).await.unwrap();
    new.seal_names(&old.names().await.unwrap()).await.unwrap();
    new.seal_trust(&old.trust().await.unwrap()).await.unwrap();
    new.seal_global(&old.global().await.unwrap()).await.unwrap();
    let labels: Option<CommunityLabels> = old.find(LABELS).await.unwrap();
    new.seal(LABELS, &labels.unwrap()).await.unwrap();
    new.seal(CHANGES, &old.changes().await.unwrap()).await.unwrap();
    new.seal(WORLD_SUPPORT, &old.world_support().await.unwrap()).await.unwrap();
    new.seal(WORLD_EVIDENCE, &old.world_evidence().await.unwrap()).await.unwrap();
    new.seal(&people_name(0), &old.people(0).await.unwrap()).await.unwrap();
    new.seal(&evidence_name(0), &old.evidence(0).await.unwrap()).await.unwrap();
    let mut names = old.sealed().await.unwrap();
    names.retain(|name| !name.ends_with(".parquet"));
    assert!(names.len() == 11 && names == new.sealed().await.unwrap(), "{names:?}");
    for name in names {
        let [old, new] = [old, new].map(|run| artifact::key(run.run, &name));
        let (old, new) = (folder.get(&old).await.unwrap(), folder.get(&new).await.unwrap());
        assert!(old == new, "the bytes of {name} are others");
    }
}
