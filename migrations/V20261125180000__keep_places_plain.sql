-- Lists of places are differences already: compression finds nothing and takes a twentieth of a load.
alter table person_standing alter column body set storage external;
