// Package userfile reads the files in which users are brought along from elsewhere,
// one user at a time, whatever kind of file it is.
//
//	first byte {  ──► JSON, one object a line: mongoexport, most dumps;
//	                  or one object with a list called users or items: Keycloak's exports
//	first byte [  ──► one JSON array of objects
//	anything else ──► CSV whose first line names the columns
//
//	raw user ──► known spellings of known fields ──► checked values ──► Record
//	         └──► unknown names are remembered   └──► *LineError, and on to the next
//
// A bad line costs that line only: Next returns a *LineError for it and goes on. The
// rest of the package keeps three promises. Memory is bounded however long a file or
// a line is. No error, and no Record that is printed, shows a password or a hash. And
// nobody is given a right that the file does not name as a role: flags such as
// is_admin are ignored and reported.
//
// What is checked here is form. Whether a name is taken or a role exists is for those
// who keep users and roles.
package userfile
