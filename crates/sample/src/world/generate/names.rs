//! Names of people and organisations, and handles that are new on their host.

use std::collections::HashMap;

use crate::random::SeededRandom;

const GIVEN: &str = "Ada Aino Alma Amara Amir Ana Anders Anna Aroha Astrid Ayla Bao Beatriz Ben \
Bjorn Bruna Carla Chidi Chloe Clara Dalia Daniel Dario Dina Diego Edda Eero Elena Elif Emeka Emma \
Enzo Esther Farid Fatima Femi Finn Freya Gabor Gita Goran Greta Hana Hassan Heidi Hugo Ida Ines \
Imani Ivan Jaya Jin Joana Jonas Kaito Karim Kemal Kira Koa Lars Leila Lena Liam Lin Luca Maja \
Malik Mara Marta Mateo Mei Mila Mina Nadia Naoki Nela Nia Noor Nora Olga Omar Oskar Paolo Petra \
Priya Rafa Rania Remy Rosa Ruth Samir Sanna Sara Sofia Sven Talia Tariq Tess Thea Tomas Uma Vera \
Viktor Wanda Yara Yuki Yusuf Zoe Zora";

const FAMILY: &str = "Abe Adeyemi Aguilar Ahmed Alves Amadi Arslan Baker Banda Barros Berg Blanc \
Bose Brandt Castro Cheng Cohen Costa Dahl Demir Desai Diallo Dubois Eklund Eriksen Fabre Farah \
Ferreira Fischer Flores Fontaine Garcia Gill Greene Gruber Haddad Hansen Harper Hayashi Heller \
Horvat Ibarra Ikeda Ivanova Jansen Jensen Joshi Kaplan Kato Keller Khan Kim Klein Kovacs Kowalski \
Lange Larsen Lind Lopez Maas Mahlangu Marin Meyer Mori Moreau Mwangi Nagy Nakamura Navarro Ndiaye \
Nguyen Nilsen Novak Obi Okafor Oliveira Olsen Ortega Osei Park Patel Pereira Popescu Quist Rao \
Reyes Ricci Rossi Ruiz Saito Salazar Sato Schmidt Sharma Silva Singh Soto Stein Suzuki Takeda Tan \
Torres Tran Ueda Vargas Vega Virtanen Vogel Wagner Walker Wang Weber Wolff Wu Yamada Yilmaz Zhang \
Zimmer";

const ORGANISATIONS: &str = "Institute Collective Society Museum Foundation Press Union Network \
Guild Laboratory Festival Library Trust Academy Federation Archive";

/// Draws names.
pub(super) struct NameDraws {
    given: Vec<&'static str>,
    family: Vec<&'static str>,
    organisations: Vec<&'static str>,
    taken: HashMap<(u16, String), u32>,
}

impl NameDraws {
    pub(super) fn new() -> NameDraws {
        let list = |names: &'static str| names.split_whitespace().collect();
        NameDraws {
            given: list(GIVEN),
            family: list(FAMILY),
            organisations: list(ORGANISATIONS),
            taken: HashMap::new(),
        }
    }

    /// A given and a family name; several people may have the same.
    pub(super) fn person(&self, dice: &mut SeededRandom) -> String {
        format!("{} {}", dice.pick(&self.given), dice.pick(&self.family))
    }

    /// Such as `Lind & Rossi Bread Guild`.
    pub(super) fn organisation(&self, dice: &mut SeededRandom, subject: &str) -> String {
        let mut subject = subject.to_owned();
        subject[..1].make_ascii_uppercase();
        let kind = dice.pick(&self.organisations);
        match dice.below(3) {
            0 => {
                let (first, second) = (dice.pick(&self.family), dice.pick(&self.family));
                format!("{first} & {second} {subject} {kind}")
            }
            _ => format!("{} {subject} {kind}", dice.pick(&self.family)),
        }
    }

    /// A local name made of a display name, with a number if others on the host have it.
    pub(super) fn local(&mut self, host: u16, display: &str, joiner: &str) -> String {
        let words = display.split(|c: char| !c.is_ascii_alphanumeric());
        let parts: Vec<String> =
            words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
        let name = parts.join(joiner);
        let times = self.taken.entry((host, name.clone())).or_default();
        *times += 1;
        if *times == 1 { name } else { format!("{name}{times}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_a_name_gets_a_number_on_its_host_only() {
        let mut names = NameDraws::new();
        assert_eq!(names.local(1, "Anna Lind", "_"), "anna_lind");
        assert_eq!(names.local(1, "Anna Lind", "_"), "anna_lind2");
        assert_eq!(names.local(2, "Anna Lind", "_"), "anna_lind");
        assert_eq!(names.local(2, "Lind & Rossi Guild", "-"), "lind-rossi-guild");
    }
}
