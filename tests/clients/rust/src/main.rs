//! A program over the client that `build.rs` makes from the API's document: it must compile, and what it reads must be
//! what the document says. What the API changes in a way that breaks such a program, breaks this one. `BORG_URL` is
//! where the API is, and `BORG_KEY` a key.

use std::error::Error;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use api::types::{ChangeView, Code, EnvelopeVecFoundRowDataItem as FoundRow, SearchPeopleType};

// Most of it is not used here, and each warning would quote the one long line that the source is.
#[allow(dead_code, unused_imports)]
mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = client()?;
        let status = client.get_status().send().await?;
        assert_eq!(status.status, "ok");
        assert!(status.run.is_some(), "the demo has a run");
        look_people_up(&client).await?;
        fail(&client).await?;
        let events = read_changes(&client).await?;
        println!(
            "a client in Rust: people are found by their names; {events} changes on two pages"
        );
        Ok(())
    })
}

fn client() -> Outcome<api::Client> {
    let mut key = HeaderValue::try_from(format!("Bearer {}", std::env::var("BORG_KEY")?))?;
    key.set_sensitive(true);
    let headers = HeaderMap::from_iter([(AUTHORIZATION, key)]);
    let http = reqwest::Client::builder().default_headers(headers).no_proxy().build()?;
    Ok(api::Client::new_with_client(&std::env::var("BORG_URL")?, http))
}

/// From a community to its first person, to that person alone, and by a search for the name back to the person.
async fn look_people_up(client: &api::Client) -> Outcome {
    let communities = client.list_communities().limit(1u32).send().await?;
    let community = communities.data.first().ok_or("the demo has communities")?;
    let people =
        client.list_community_people().id(community.id.as_str()).limit(1u32).send().await?;
    let id = people.data.first().ok_or("the community has people")?.person.id.as_str();
    let person = client.get_person().id(id).send().await?;
    assert_eq!(person.data.id.as_str(), id);
    assert!(!person.data.profiles.is_empty());
    let name = person.data.name.as_deref().ok_or("the person has a name")?;
    let found = client.search_people().q(name).type_(SearchPeopleType::All).send().await?;
    let is_here = found.data.iter().any(|row| match row {
        FoundRow::Hit(hit) => hit.person.id.as_str() == id,
        FoundRow::CommunityHit(_) => false,
    });
    assert!(is_here, "a search for {name} finds {id}");
    Ok(())
}

/// What the document forbids is not sent; what it allows and the API refuses has a typed problem.
async fn fail(client: &api::Client) -> Outcome {
    let unsent = client.get_person().id("com_1").send().await;
    assert!(matches!(unsent, Err(api::Error::InvalidRequest(_))), "{unsent:?}");
    let refused = client.get_person().id("per_1").send().await;
    let Err(api::Error::ErrorResponse(problem)) = refused else {
        return Err(format!("there is no such person: {refused:?}").into());
    };
    assert_eq!((problem.code, problem.status), (Code::PersonUnknown, 404));
    Ok(())
}

/// How many events two pages have, each after the one before.
async fn read_changes(client: &api::Client) -> Outcome<usize> {
    let kinds =
        || vec![api::types::ListChangesKindItem::Arcs, api::types::ListChangesKindItem::Gone];
    let first = client.list_changes().kind(kinds()).limit(5u32).send().await?.into_inner();
    let next =
        client.list_changes().kind(kinds()).limit(5u32).cursor(first.next_cursor).send().await?;
    assert_eq!(first.range.to, next.range.from, "the pages follow each other");
    let events: Vec<_> = first.data.iter().chain(&next.data).collect();
    assert!(events.is_sorted_by(|one, other| one.seq < other.seq));
    let is_asked_for =
        |change: &ChangeView| matches!(change, ChangeView::Arcs { .. } | ChangeView::Gone);
    assert!(!events.is_empty() && events.iter().all(|event| is_asked_for(&event.change)));
    Ok(events.len())
}
