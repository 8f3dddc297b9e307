//! Accounts as Mastodon's entities. The text is the same on every host but for five gaps: the
//! host's number, the name with or without its host, what snac lacks, what old versions lack, and
//! what is told of local accounts only.

use model::Platform;

use super::numbers::account_number;
use crate::json::Json;
use crate::time::iso;
use crate::world::{Account, AccountId, Field, Kind, Nature, State, World};

#[derive(Debug, Clone, Copy, Default)]
struct Entity {
    home: u16,
    start: usize,
    /// `","username":…,"acct":"name` up to here; then perhaps `@host`.
    acct_end: usize,
    /// Up to here everywhere; then `discoverable`, which snac lacks.
    plain_end: usize,
    discoverable_end: usize,
    /// Up to here in every version; then `uri`, which old ones lack, and what snac lacks too.
    old_end: usize,
    uri_end: usize,
    modern_end: usize,
    /// `noindex` and `roles`, for local accounts of modern versions.
    local_end: usize,
    /// The rest, up to and with the closing brace.
    end: usize,
}

/// The entities of every fediverse account.
#[derive(Debug)]
pub(super) struct Entities {
    text: Vec<u8>,
    entities: Vec<Entity>,
    /// Of the handles, by host.
    domains: Vec<String>,
}

impl Entities {
    /// Writes every account once. About 1,400 bytes each.
    pub(super) fn new(world: &World) -> Entities {
        let mut json = Json::default();
        let entities = world.ids().map(|id| match world.account(id).platform {
            Platform::FEDIVERSE => compose(&mut json, world, id),
            _ => Entity::default(),
        });
        let entities = entities.collect();
        let domains = world.hosts().iter().map(|host| host.handle_domain().to_owned()).collect();
        Entities { text: json.0, entities, domains }
    }

    /// The account as a host shows it.
    pub(super) fn write(&self, json: &mut Json, (host, nature): (u16, Nature), id: AccountId) {
        let entity = self.entities[id.index()];
        let local = entity.home == host;
        json.raw(r#"{"id":""#).number(account_number(host, id));
        json.bytes(&self.text[entity.start..entity.acct_end]);
        if !local {
            json.raw("@").raw(&self.domains[usize::from(entity.home)]);
        }
        json.bytes(&self.text[entity.acct_end..entity.plain_end]);
        if nature != Nature::Snac {
            json.bytes(&self.text[entity.plain_end..entity.discoverable_end]);
        }
        let end = match nature {
            Nature::Old => entity.old_end,
            Nature::Snac => entity.uri_end,
            _ if local => entity.local_end,
            _ => entity.modern_end,
        };
        json.bytes(&self.text[entity.discoverable_end..end]);
        json.bytes(&self.text[entity.local_end..entity.end]);
    }
}

fn compose(json: &mut Json, world: &World, id: AccountId) -> Entity {
    let account = world.account(id);
    let start = json.0.len();
    let name = account.local_name();
    json.raw(r#"","username":"#).text(name).raw(r#","acct":""#).inner(name);
    let acct_end = json.0.len();
    write_plain(json, account);
    let plain_end = json.0.len();
    json.raw(r#","discoverable":"#).raw(discoverable(account.state));
    let discoverable_end = json.0.len();
    write_old(json, world, id);
    let old_end = json.0.len();
    json.raw(r#","uri":"#).text(&account.native_id);
    let uri_end = json.0.len();
    json.raw(r#","indexable":"#).flag(account.indexable);
    json.raw(r#","hide_collections":"#);
    json.raw(if account.state == State::HiddenLists { "true" } else { "null" });
    let modern_end = json.0.len();
    json.raw(r#","noindex":"#).flag(account.state == State::OptedOut).raw(r#","roles":[]"#);
    let local_end = json.0.len();
    json.raw(r#","emojis":[],"fields":["#);
    json.join(&account.words.fields, write_field).raw("]}");
    Entity {
        home: account.host,
        start,
        acct_end,
        plain_end,
        discoverable_end,
        old_end,
        uri_end,
        modern_end,
        local_end,
        end: json.0.len(),
    }
}

/// What comes before `discoverable`.
fn write_plain(json: &mut Json, account: &Account) {
    json.raw(r#"","display_name":"#).text(&account.words.name);
    json.raw(r#","locked":false,"bot":"#).flag(account.kind == Kind::Bot);
}

/// The owner's decision: who never decided has `null`.
fn discoverable(state: State) -> &'static str {
    match state {
        State::Unlisted => "false",
        State::Undecided => "null",
        _ => "true",
    }
}

/// Whether an account is one of a group.
pub(super) fn is_group(account: &Account, id: AccountId) -> bool {
    account.kind == Kind::Organisation && id.0.is_multiple_of(3)
}

/// What every version tells after it.
fn write_old(json: &mut Json, world: &World, id: AccountId) {
    let account = world.account(id);
    json.raw(r#","group":"#).flag(is_group(account, id));
    let midnight = account.created_at / 86_400 * 86_400;
    json.raw(r#","created_at":"#).text(&iso(midnight * 1_000));
    json.raw(r#","note":"#).text(&note(account));
    json.raw(r#","url":"#).text(&account.page());
    let media = format!("{}/avatars/original/missing.png", server_of(account));
    for key in [r#","avatar":"#, r#","avatar_static":"#, r#","header":"#, r#","header_static":"#] {
        json.raw(key).text(&media);
    }
    let listed = |others: &[AccountId]| {
        others.iter().filter(|&&other| is_listed(world, account.host, other)).count() as u64
    };
    let posts = world.posts(id);
    json.raw(r#","followers_count":"#).number(listed(world.followers(id)));
    json.raw(r#","following_count":"#).number(listed(world.follows(id)));
    json.raw(r#","statuses_count":"#).number(posts.len() as u64).raw(r#","last_status_at":"#);
    let day = posts.first().map(|post| iso(u64::from(post.at) * 1_000)[..10].to_owned());
    json.maybe(day.as_deref());
}

/// Whether a host lists an account: its own deleted and suspended ones it does not, those of
/// other hosts it does, since nobody told it.
pub(super) fn is_listed(world: &World, host: u16, account: AccountId) -> bool {
    let account = world.account(account);
    account.host != host || account.state.is_alive()
}

/// The origin of the server where an account lives.
fn server_of(account: &Account) -> &str {
    account.native_id.split_once("/users/").map_or("", |(server, _)| server)
}

/// The bio as HTML: the first word of some is a hashtag.
pub(super) fn note(account: &Account) -> String {
    let bio = account.words.bio.replace('&', "&amp;").replace('<', "&lt;");
    match bio.split_once(' ') {
        Some((tag, rest)) if account.created_at.is_multiple_of(2) && tag.is_ascii() => {
            let server = server_of(account);
            format!(
                "<p><a href=\"{server}/tags/{tag}\" class=\"mention hashtag\" rel=\"tag\">\
                 #<span>{tag}</span></a> {rest}</p>"
            )
        }
        _ => format!("<p>{bio}</p>"),
    }
}

fn write_field(json: &mut Json, field: &Field) {
    json.raw(r#"{"name":"#).text(&field.name).raw(r#","value":"#);
    match field.value.strip_prefix("https://") {
        Some(rest) => {
            json.raw(r#""<a href=\""#).inner(&field.value);
            json.raw(r#"\" target=\"_blank\" rel=\"nofollow noopener me\" translate=\"no\">"#);
            json.raw(r#"<span class=\"invisible\">https://</span><span class=\"\">"#);
            json.inner(rest).raw(r#"</span><span class=\"invisible\"></span></a>""#);
        }
        None => {
            json.text(&field.value);
        }
    }
    json.raw(r#","verified_at":"#);
    json.maybe(field.verified_at.map(|at| iso(at * 1_000)).as_deref()).raw("}");
}

/// What is left of a suspended account, as its own host shows it.
pub(super) fn write_suspended(json: &mut Json, host: u16, world: &World, id: AccountId) {
    let account = world.account(id);
    let name = account.local_name();
    json.raw(r#"{"id":""#).number(account_number(host, id));
    json.raw(r#"","username":"#).text(name).raw(r#","acct":"#).text(name);
    json.raw(r#","display_name":"","locked":false,"bot":false,"discoverable":false"#);
    json.raw(r#","indexable":false,"group":false,"created_at":"#);
    json.text(&iso(account.created_at / 86_400 * 86_400_000));
    json.raw(r#","note":"","url":"#).text(&account.page());
    json.raw(r#","uri":"#).text(&account.native_id);
    json.raw(r#","avatar":"","avatar_static":"","header":"","header_static":"""#);
    json.raw(r#","followers_count":0,"following_count":0,"statuses_count":0"#);
    json.raw(r#","last_status_at":null,"hide_collections":null,"noindex":false"#);
    json.raw(r#","suspended":true,"emojis":[],"roles":[],"fields":[]}"#);
}
