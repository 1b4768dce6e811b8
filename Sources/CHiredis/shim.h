// From the folder that every distribution installs it in; its pkg-config file has a flag that SwiftPM refuses.
#include <hiredis/hiredis.h>
