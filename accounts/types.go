package accounts

// User is a person with an account.
type User struct {
	Username  string `json:"username"` // 1 to 128 bytes; see the package documentation for the rules
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
}

// Organization is a group of users.
type Organization struct {
	// Name is the slug under which the organization is known: "Tech Corp" becomes "tech-corp".
	Name string `json:"organizationName"`
	// FoundingUser is the username of the first owner.
	FoundingUser string `json:"foundingUser"`
}

// Membership says that a user belongs to an organization, and in which role.
type Membership struct {
	Organization string `json:"organizationName"` // the organization's slug
	Username     string `json:"memberUsername"`
	Role         Role   `json:"role"`
}

// Role is what a member may do in an organization.
type Role string

// An Owner may add anyone, an Admin may add admins and members, and a Member may not add anyone.
const (
	Owner  Role = "Owner"
	Admin  Role = "Admin"
	Member Role = "Member"
)

// valid reports whether r is one of the three roles.
func (r Role) valid() bool {
	return r == Owner || r == Admin || r == Member
}

// mayAdd reports whether a member of role r may add one of role other.
func (r Role) mayAdd(other Role) bool {
	return r == Owner || r == Admin && other != Owner
}
