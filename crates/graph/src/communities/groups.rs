//! Members of groups, by a counting sort.

/// Members of each group, ascending within a group.
#[derive(Debug)]
pub(crate) struct GroupMembers {
    starts: Vec<u32>,
    members: Vec<u32>,
    /// Index of each node among the members of its group; 0 outside of all groups.
    member_indexes: Vec<u32>,
}

impl GroupMembers {
    /// Groups the nodes by `group_of`; groups beyond `groups` (no community) are left out.
    pub(crate) fn new(group_of: &[u32], groups: usize) -> GroupMembers {
        GroupMembers::from_numbers(group_of.iter().copied(), groups)
    }

    /// As [`GroupMembers::new`].
    pub(crate) fn from_numbers(
        group_of: impl Iterator<Item = u32> + Clone,
        groups: usize,
    ) -> GroupMembers {
        let mut starts = vec![0u32; groups + 1];
        let nodes = group_of.clone().count();
        let inside =
            || group_of.clone().enumerate().filter(|&(_, group)| (group as usize) < groups);
        for (_, group) in inside() {
            starts[group as usize + 1] += 1;
        }
        for group in 0..groups {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut members = vec![0u32; starts[groups] as usize];
        let mut member_indexes = vec![0u32; nodes];
        for (node, group) in inside() {
            let next = &mut next[group as usize];
            members[*next as usize] = node as u32;
            member_indexes[node] = *next - starts[group as usize];
            *next += 1;
        }
        GroupMembers { starts, members, member_indexes }
    }

    /// Members of one group, ascending.
    pub(crate) fn of(&self, group: usize) -> &[u32] {
        &self.members[self.starts[group] as usize..self.starts[group + 1] as usize]
    }

    /// All members, group by group.
    pub(crate) fn in_order(&self) -> &[u32] {
        &self.members
    }

    /// Index of a node among the members of its group; 0 outside of all groups.
    #[inline]
    pub(crate) fn member_index(&self, node: u32) -> u32 {
        self.member_indexes[node as usize]
    }
}
