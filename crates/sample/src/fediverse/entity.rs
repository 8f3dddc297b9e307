//! Accounts as Mastodon's entities. The text is the same on every host except for five gaps: the
//! host's number, the name with or without its host, the fields that snac lacks, those that old
//! versions lack, and those of local accounts only.

use model::Platform;

use super::HostView;
use super::numbers::account_number;
use crate::json::JsonText;
use crate::time::iso;
use crate::world::{
    AccountId, AccountKind, AccountState, HostNature, PlantedAccount, ProfileField, SampleWorld,
};

#[derive(Debug, Clone, Copy, Default)]
struct EntityParts {
    home: u16,
    start: usize,
    /// `","username":…,"acct":"name` ends here; then perhaps `@host`.
    acct_end: usize,
    /// What all have ends here; then `discoverable`, which snac lacks.
    plain_end: usize,
    discoverable_end: usize,
    /// What all versions have ends here; then `uri`, which old ones lack, and what snac lacks too.
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
pub(super) struct EntityCache {
    text: Vec<u8>,
    entities: Vec<EntityParts>,
    /// Of the handles, by host.
    domains: Vec<String>,
}

impl EntityCache {
    /// Writes every account once. About 1,400 bytes each.
    pub(super) fn new(world: &SampleWorld) -> EntityCache {
        let mut json = JsonText::default();
        let entities = world.ids().map(|id| match world.account(id).platform {
            Platform::FEDIVERSE => compose(&mut json, world, id),
            _ => EntityParts::default(),
        });
        let entities = entities.collect();
        let domains = world.hosts().iter().map(|host| host.handle_domain().to_owned()).collect();
        EntityCache { text: json.buffer, entities, domains }
    }

    /// The account as a host shows it.
    pub(super) fn write(
        &self,
        json: &mut JsonText,
        HostView { host, nature }: HostView,
        id: AccountId,
    ) {
        let entity = self.entities[id.index()];
        let local = entity.home == host;
        json.raw(r#"{"id":""#).number(account_number(host, id));
        json.bytes(&self.text[entity.start..entity.acct_end]);
        if !local {
            json.raw("@").raw(&self.domains[usize::from(entity.home)]);
        }
        json.bytes(&self.text[entity.acct_end..entity.plain_end]);
        if nature != HostNature::Snac {
            json.bytes(&self.text[entity.plain_end..entity.discoverable_end]);
        }
        let end = match nature {
            HostNature::Old => entity.old_end,
            HostNature::Snac => entity.uri_end,
            _ if local => entity.local_end,
            _ => entity.modern_end,
        };
        json.bytes(&self.text[entity.discoverable_end..end]);
        json.bytes(&self.text[entity.local_end..entity.end]);
    }
}

fn compose(json: &mut JsonText, world: &SampleWorld, id: AccountId) -> EntityParts {
    let account = world.account(id);
    let start = json.buffer.len();
    let name = account.local_name();
    json.raw(r#"","username":"#).text(name).raw(r#","acct":""#).inner(name);
    let acct_end = json.buffer.len();
    write_plain(json, account);
    let plain_end = json.buffer.len();
    json.raw(r#","discoverable":"#).raw(discoverable(account.state));
    let discoverable_end = json.buffer.len();
    write_old(json, world, id);
    let old_end = json.buffer.len();
    json.raw(r#","uri":"#).text(&account.native_id);
    let uri_end = json.buffer.len();
    json.raw(r#","indexable":"#).flag(account.indexable);
    json.raw(r#","hide_collections":"#);
    json.raw(if account.state == AccountState::HiddenLists { "true" } else { "null" });
    let modern_end = json.buffer.len();
    json.raw(r#","noindex":"#).flag(account.state == AccountState::OptedOut).raw(r#","roles":[]"#);
    let local_end = json.buffer.len();
    json.raw(r#","emojis":[],"fields":["#);
    json.join(&account.texts.fields, write_field).raw("]}");
    EntityParts {
        home: account.host,
        start,
        acct_end,
        plain_end,
        discoverable_end,
        old_end,
        uri_end,
        modern_end,
        local_end,
        end: json.buffer.len(),
    }
}

/// What comes before `discoverable`.
fn write_plain(json: &mut JsonText, account: &PlantedAccount) {
    json.raw(r#"","display_name":"#).text(&account.texts.name);
    json.raw(r#","locked":false,"bot":"#).flag(account.kind == AccountKind::Bot);
}

/// The owner's decision: `null` if undecided.
fn discoverable(state: AccountState) -> &'static str {
    match state {
        AccountState::Unlisted => "false",
        AccountState::Undecided => "null",
        _ => "true",
    }
}

/// Whether an account is one of a group.
pub(super) fn is_group(account: &PlantedAccount, id: AccountId) -> bool {
    account.kind == AccountKind::Organisation && id.0.is_multiple_of(3)
}

/// The fields after it that every version has.
fn write_old(json: &mut JsonText, world: &SampleWorld, id: AccountId) {
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

/// Whether a host lists an account: it lists deleted and suspended accounts of other hosts, since it
/// is not notified, but not its own.
pub(super) fn is_listed(world: &SampleWorld, host: u16, account: AccountId) -> bool {
    let account = world.account(account);
    account.host != host || account.state.is_alive()
}

/// The origin of the server where an account lives.
fn server_of(account: &PlantedAccount) -> &str {
    account.native_id.split_once("/users/").map_or("", |(server, _)| server)
}

/// The bio as HTML: the first word of some is a hashtag.
pub(super) fn note(account: &PlantedAccount) -> String {
    let bio = account.texts.bio.replace('&', "&amp;").replace('<', "&lt;");
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

fn write_field(json: &mut JsonText, field: &ProfileField) {
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

/// A suspended account, as its own host shows it.
pub(super) fn write_suspended(json: &mut JsonText, host: u16, world: &SampleWorld, id: AccountId) {
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
