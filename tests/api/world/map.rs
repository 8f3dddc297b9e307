//! The map of a run: of its listed people, wherever a test places them.

use model::map::{MapPlace, MappedPerson, tiles};
use store::pg::map::MapRegion;
use store::pg::publish::RunLoader;
use store::pg::score::PersonScore;

/// Loads regions, and the places of people by their numbers.
pub(crate) async fn load_map(
    loader: &mut RunLoader<'_>,
    regions: &[MapRegion],
    scores: &[PersonScore],
    place: impl Fn(u16) -> MapPlace,
) {
    let listed = |(number, score): (u16, &PersonScore)| {
        (!score.unlisted).then(|| MappedPerson { person: score.person, place: place(number) })
    };
    let people: Vec<Option<MappedPerson>> = (0..).zip(scores).map(listed).collect();
    let places: Vec<Option<MapPlace>> = people.iter().map(|one| one.map(|one| one.place)).collect();
    let people: Vec<MappedPerson> = people.into_iter().flatten().collect();
    loader.map_people(&places).await.expect("places load");
    loader.map_regions(regions).await.expect("regions load");
    loader.map_tiles(&tiles(&people)).await.expect("tiles load");
}
